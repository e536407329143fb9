"""Each check of the platform, on snapshots that are whole but for one thing."""
