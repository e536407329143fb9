"""The addresses of pods, and the names that they find others by."""
