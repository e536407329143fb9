"""What programs say that install packages and reach no index: a cause to skip, not to fail."""

import re

_WORDS = (
    r"No matching distribution found|Could not find a version that satisfies|"
    r"Temporary failure in name resolution|Failed to establish a new connection"
)

OF_COMPONENTS = re.compile(_WORDS)
"""In the log of a component of a pipeline."""

OF_PODS = re.compile(rf"{_WORDS}|Network is unre")
"""In the log of a trial, a training node, a notebook."""
