"""Acceptance suites: notebooks that are made, run code, are stopped, and lose nothing."""
