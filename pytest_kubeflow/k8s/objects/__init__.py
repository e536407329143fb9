"""Custom objects: their manifests, conditions, and waits for them."""
