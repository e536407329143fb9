"""What a run writes into ML Metadata."""
