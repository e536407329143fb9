"""Fleets: sessions on several targets, side by side."""
