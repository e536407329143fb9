"""The Model Registry keeps what it is told, for those who may see it."""
