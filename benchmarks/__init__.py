"""Benchmarks: each module is a command that prints figures and ratios measured in one run."""
