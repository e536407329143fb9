"""What tasks of a run gave, by ML Metadata or by logs."""
