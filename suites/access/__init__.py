"""Acceptance suites: who gets in, and who does not."""
