"""What was configured, resolved once, each value with its origin. Knows no pytest."""
