"""Notebooks: made, connected, running code, stopped, started and removed."""
