"""Lineage: which run, data and code made the model that a service serves now."""
