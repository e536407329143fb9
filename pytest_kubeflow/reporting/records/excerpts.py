"""Excerpts: values and texts of a run as plain data for a report. Redacted and bounded."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pytest_kubeflow.errors import KubeflowError

UNREADABLE = (KubeflowError, OSError, ValueError, TypeError, LookupError, AttributeError)
"""What reading something for a report may raise, without harm to the test that it is about.

Beside refusals these are what clients raise over an answer of a shape that nobody foresaw: the
official Kubernetes client has a ValueError for each object that its schema does not know.
"""

_REASON = 300


def reason(error: Exception) -> str:
    """Why something could not be read: one line, without the evidence."""
    message = error.message if isinstance(error, KubeflowError) else f"{error}"
    line = " ".join(message.split()) or type(error).__name__
    return line if len(line) <= _REASON else f"{line[:_REASON]}…"


def as_text(value: Any) -> str:
    """A value for people: strings as they are, everything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


class Excerpts:
    """Takes excerpts for one record: `limit` characters of each value, `total` of all together.

    Everything is redacted first: half a secret, cut at the limit, would not be recognised.
    """

    def __init__(
        self, redact: Callable[[str], str], *, limit: int = 2_000, total: int = 100_000
    ) -> None:
        self._redact = redact
        self._limit = limit
        self._left = total

    def value(self, value: Any) -> Any:
        """`value` as JSON knows it, or the beginning of its text where that is too long."""
        clean = self._clean(value)
        text = as_text(clean)
        # Once more, as a whole: numbers can be secrets as well.
        kept = self._cut(self._redact(text))
        return clean if kept == text else kept

    def text(self, text: str) -> str:
        """The beginning of a text."""
        return self._cut(self._clean(text))

    def _cut(self, text: str) -> str:
        room = min(self._limit, self._left)
        self._left -= min(room, len(text))
        return text if len(text) <= room else f"{text[:room]}… ({len(text)} characters)"

    def _clean(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {self._clean(str(name)): self._clean(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(each) for each in value]
        # Lone surrogates, which JSON can spell, would break every encoder on the way.
        return self._redact(str(value).encode(errors="backslashreplace").decode())
