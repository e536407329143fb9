"""What a report tells of each test beside its outcome."""
