"""What stands behind the name of an image, and how a node gets it."""
