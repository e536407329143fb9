"""Regular expressions as Go's regexp package has them: their syntax, what they find, its errors.

By google-re2, the library that Go's package is a port of: what it takes and what it matches is the
same, and no expression or text makes it slow. Python's own takes other expressions, and holds up
the whole process where one is tried again and again.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

# Words of re2/re2.cc, and of regexp/syntax/parse.go.
_WORDS = {
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid named capture group": "invalid named capture",
}


class GoPatternError(ValueError):
    """An expression is none; the message is that of Go's regexp.Compile."""


class GoPattern:
    """An expression that was understood."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self.groups: int = compiled.groups

    def find_all(self, text: str) -> Iterator[tuple[str, ...]]:
        """The groups of each match, the whole of it first; what took no part is empty."""
        for match in self._compiled.finditer(text.encode(errors="replace")):
            found = (match.group(0), *match.groups(default=b""))
            yield tuple(one.decode(errors="replace") for one in found)


@lru_cache(maxsize=64)
def compile_pattern(text: str) -> GoPattern:
    """Raises GoPatternError."""
    options = re2.Options()
    options.log_errors = False
    try:
        return GoPattern(re2.compile(text.encode(errors="replace"), options))
    except re2.error as error:
        raise GoPatternError(f"error parsing regexp: {_go(error)}") from None


def _go(error: Exception) -> str:
    (said,) = error.args
    text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if text.startswith("trailing \\"):
        return "trailing backslash at end of expression: ``"
    what, _, where = text.partition(": ")
    return f"{_WORDS.get(what, what)}: `{where}`"
