"""The exit codes that are ours; the others are pytest's."""

UNFIT_CODE = 78
"""The exit code for a cluster that is not fit to be tested (EX_CONFIG of BSD's sysexits)."""
