"""Comparison: what changed between two sessions."""
