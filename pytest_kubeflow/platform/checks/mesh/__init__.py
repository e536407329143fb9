"""Checks of the mesh: its gateway, its certificates, and whom it lets through."""
