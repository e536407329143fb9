"""Tasks read and write files on persistent volumes."""
