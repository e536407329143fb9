"""The object store keeps what it is given, for those who hold its keys."""
