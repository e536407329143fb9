"""Volumes, and what is removed with them."""
