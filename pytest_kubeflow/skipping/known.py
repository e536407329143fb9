"""KnownFailures: tests that are known to fail on a cluster, why, and until which day.

The file has one entry a line, `TEST until YYYY-MM-DD: REASON`; what begins with # is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pytest_kubeflow.errors import ConfigurationError

FORM = "TEST until YYYY-MM-DD: REASON"
"""What a line is like."""

_ENTRY = re.compile(r"(?P<test>.*?)\s+until\s+(?P<until>[^\s:]+)\s*:(?P<reason>.*)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """One entry: `place` is FILE:LINE, `until` the last day on which it holds, in UTC."""

    place: str
    test: str
    until: date
    reason: str

    def means(self, nodeid: str) -> bool:
        """Whether a test is meant.

        Its id may be given without the folders before it, and without its parameters; with a * in
        it, it is a pattern. Brackets are no pattern: they are where parameters are.
        """
        pattern = ".*".join(map(re.escape, self.test.split("*")))
        return re.fullmatch(rf"(?:.*/)?{pattern}(?:\[.*\])?", nodeid, re.DOTALL) is not None

    def is_over(self, today: date) -> bool:
        """Whether its last day has passed."""
        return today > self.until

    def __str__(self) -> str:
        return f"known until {self.until}: {self.reason} ({self.place})"


class KnownFailures:
    """The entries of a file, and which tests of a session they were about."""

    def __init__(self, entries: Iterable[KnownFailure] = (), *, today: date | None = None) -> None:
        self._entries = tuple(entries)
        self._today = today or datetime.now(UTC).date()
        self._used: set[str] = set()
        self._over: dict[str, set[str]] = {}

    def of(self, nodeid: str) -> KnownFailure | None:
        """The entry for a test, the first of several; None without one, or if it is over."""
        return next(
            (one for one in self._entries if not one.is_over(self._today) and one.means(nodeid)),
            None,
        )

    def add(self, nodeid: str) -> None:
        """Take up a test of the session."""
        for one in self._entries:
            if one.means(nodeid):
                self._used.add(one.place)
                if one.is_over(self._today):
                    self._over.setdefault(one.place, set()).add(nodeid)

    def problems(self) -> Iterator[str]:
        """What is red: entries that are over, of tests of this session."""
        for one in self._entries:
            if found := self._over.get(one.place):
                tests = f" (of {len(found)} tests)" if len(found) > 1 else ""
                yield (
                    f"{one.place}: the entry for {one.test}{tests} ended on {one.until}: mend what "
                    f"it is about, or give it a later date ({one.reason})"
                )

    def unused(self) -> str:
        """Which entries were about no test of the session, as one line; "" for none."""
        found = [one.place for one in self._entries if one.place not in self._used]
        if not found:
            return ""
        file, _, _ = found[0].rpartition(":")
        lines = ", ".join(place.rpartition(":")[2] for place in found)
        few = "the entry" if len(found) == 1 else f"{len(found)} entries"
        message = f"in line {lines} is" if len(found) == 1 else f"in lines {lines} are"
        return f"{file}: {few} {message} about no test of this session"


def read_known(path: Path) -> tuple[KnownFailure, ...]:
    """The entries of a file. Raises ConfigurationError of one line, for the first mistake."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"--kf-known: {path} cannot be read ({error.strerror})") from None
    entries: list[KnownFailure] = []
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        place = f"{path.name}:{number}"
        try:
            text = line.decode().strip()
            if not text or text.startswith("#"):
                continue
            entry = _parsed(text, place)
            if twice := next((one for one in entries if one.test == entry.test), None):
                raise ValueError(f"{entry.test} has an entry already, in {twice.place}")
        except ValueError as error:
            message = "it is no UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
            raise ConfigurationError(
                f"--kf-known: {path}:{number}: {message}; a line is {FORM}"
            ) from None
        entries.append(entry)
    return tuple(entries)


def _parsed(text: str, place: str) -> KnownFailure:
    """One entry; raises ValueError."""
    found = _ENTRY.fullmatch(text)
    if found is None:
        lacks = "no date" if " until " not in f"{text} " else "no reason"
        raise ValueError(f"{text!r} has {lacks}")
    test, until, reason = found["test"].strip(), found["until"], found["reason"].strip()
    if "*" not in test and "::" not in test:
        raise ValueError(f"{test!r} is no test: the id of one has :: in it, a pattern a *")
    try:
        day = date.fromisoformat(until) if _DATE.fullmatch(until) else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(f"{until!r} is no day such as 2027-01-31")
    if not reason:
        raise ValueError(f"the entry for {test} has no reason")
    return KnownFailure(place, test, day, reason)
