"""How the container image is made: the lock of its packages, and its files without an engine."""
