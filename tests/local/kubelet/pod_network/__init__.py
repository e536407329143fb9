"""Addresses and names that pods see."""
