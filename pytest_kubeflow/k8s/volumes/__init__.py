"""Volumes of ours, filled and read back by pods."""
