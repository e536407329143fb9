"""Which check of the suites sees which fault of the embedded cluster: a table for each suite.

`CHECKS` has, by fault and check, what its report says then, as a regular expression.
"""
