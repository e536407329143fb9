"""Requirements: the tests that a platform of a release of Kubeflow has to pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

RELEASES = ("1.9", "1.10", "1.11", "26.03")
"""The releases that there are lists for, the oldest first; each stands for its patches, too."""

_SUITES = "suites/"


@dataclass(frozen=True, slots=True)
class Requirements:
    """The list of a release: ids of tests below the folder of the suites, in order."""

    release: str
    tests: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Names the list: the SHA-256 of the release and the ids, a line each."""
        lines = "".join(f"{one}\n" for one in (self.release, *self.tests))
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"

    def missing_in(self, tests: Iterable[str]) -> list[str]:
        """Those that are not among these, given by their ids below the suites."""
        there = set(tests)
        return [one for one in self.tests if one not in there]


@cache
def requirements_of(release: str) -> Requirements:
    """The list of one of `RELEASES`. Raises KeyError for another."""
    if release not in RELEASES:
        raise KeyError(release)
    text = (files(__package__) / "releases" / f"{release}.txt").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return Requirements(release, tuple(line for line in lines if line and line[0] != "#"))


def below_suites(nodeid: str) -> str:
    """A test's id below the folder of the suites, wherever that is: in a checkout or a package."""
    path, separator, name = nodeid.partition("::")
    return f"{path.rpartition(_SUITES)[2]}{separator}{name}"


def some_of(names: Sequence[str], most: int = 3) -> str:
    """The first of these for a sentence, and how many more there are."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
