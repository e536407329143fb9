"""Indexes: numbers below a Job's completions, written as intervals: `0,2-5,7`.

Format: kubernetes/kubernetes pkg/controller/job/indexed_job_utils.go. Two neighbours are written as
two numbers, three and more as an interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Indexes:
    """A set of indexes; `intervals` are their first and last ones, in order and apart."""

    intervals: tuple[_Interval, ...] = ()

    @staticmethod
    def of(numbers: Iterable[int]) -> Indexes:
        return Indexes(_joined((one, one) for one in sorted(set(numbers))))

    @staticmethod
    def parse(text: str, completions: int) -> Indexes:
        """Those of `text` that are below `completions`; what is no interval is left out."""
        found = []
        for part in text.split(","):
            first, _, last = part.partition("-")
            if not first.isdecimal() or not (last or first).isdecimal():
                continue
            if int(first) >= completions:
                break
            found.append((int(first), min(int(last or first), completions - 1)))
        return Indexes(_joined(found))

    def __or__(self, other: Indexes) -> Indexes:
        return Indexes(_joined(sorted((*self.intervals, *other.intervals))))

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.intervals)

    def __contains__(self, number: int) -> bool:
        return any(first <= number <= last for first, last in self.intervals)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.intervals:
            yield from range(first, last + 1)

    def __str__(self) -> str:
        return ",".join(map(_written, self.intervals))

    def missing(self, completions: int, most: int) -> list[int]:
        """The lowest indexes below `completions` that are not among these."""
        found: list[int] = []
        at = 0
        for first, last in (*self.intervals, (completions, completions)):
            found += range(at, min(first, completions, at + most - len(found)))
            at = max(at, last + 1)
            if len(found) >= most:
                break
        return found


def _joined(intervals: Iterable[_Interval]) -> tuple[_Interval, ...]:
    joined: list[_Interval] = []
    for first, last in intervals:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def _written(interval: _Interval) -> str:
    first, last = interval
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"
