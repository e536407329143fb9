"""Acceptance suites: notebooks that are made, connected, running code, stopped, and lose nothing."""
