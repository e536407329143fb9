"""Limits of containers, by cgroups."""
