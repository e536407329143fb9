"""Where values of the running test came from, so that a wrong one can be told with its source.

`assert run.task("add").output == 25.0` shows pytest two numbers. What reads from a cluster notes
each value with the words for its source, and the assertion's text is made with them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, TypeVar

from pytest_kubeflow.errors import KubeflowError

T = TypeVar("T")

_KEPT = 64
"""Values are kept alive by this: files of some megabytes may be among them."""


class Provenance:
    """The last values that were read, each with its source. They are known by identity."""

    def __init__(self) -> None:
        self._read: deque[tuple[Any, str]] = deque(maxlen=_KEPT)

    def note(self, value: T, source: str) -> T:
        """Remember that `value` came from `source` ("task add of run x"); returns the value."""
        self._read.append((value, source))
        return value

    def note_text(self, content: bytes, source: str, encoding: str = "utf-8") -> str:
        """The same for the text of a file. Raises KubeflowError for content that is none."""
        try:
            return self.note(content.decode(encoding), source)
        except UnicodeDecodeError as error:
            raise KubeflowError(
                f"{source} is no text in {error.encoding}: byte {content[error.start]:#04x} at "
                f"{error.start} of {len(content)} ({error.reason}); read_bytes gives it as it is"
            ) from error

    def note_all(self, values: Iterable[Any], source: str) -> None:
        """The same for several."""
        for value in values:
            self.note(value, source)

    def source(self, value: Any) -> str:
        """Where this very object was read last; "" if it was not, or is a constant."""
        if value is None or isinstance(value, bool):
            return ""
        if isinstance(value, str | bytes | tuple | list) and not value:
            return ""
        return next((source for known, source in reversed(self._read) if known is value), "")

    def clear(self) -> None:
        """Forget everything."""
        self._read.clear()


READ = Provenance()
"""That of this process: one test runs at a time."""
