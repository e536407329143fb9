"""Images: names, registries, layers, Python environments."""
