"""Responses that are lost, late, repeated, refused or false on their way: seeded, logged, replayed.

`python -m benchmarks.chaos` runs sessions of the suites through what is here.
"""
