"""What becomes of objects as they are written: defaults, and what may change."""
