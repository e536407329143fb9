"""What is a session's on a cluster: owned by labels, recorded, renewed, removed."""
