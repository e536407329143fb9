"""Figure: how one kind of time is spread, as percentiles."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """The 50th, 95th and 99th percentile of `count` times, and the longest, in seconds."""

    name: str
    count: int
    p50: float
    p95: float
    p99: float
    longest: float


def figure(name: str, seconds: Iterable[float]) -> Figure | None:
    """Of these times, as a population (statistics.quantiles, inclusive); None without any."""
    found = sorted(seconds)
    if not found:
        return None
    # Of a single one, all are that.
    cuts = statistics.quantiles(found if len(found) > 1 else found * 2, n=100, method="inclusive")
    return Figure(name, len(found), cuts[49], cuts[94], cuts[98], found[-1])
