"""Secrets and ConfigMaps reach components, unchanged, and nobody else."""
