"""Pace: how long the thread that follows runs waits between two questions."""

from __future__ import annotations

import random
import time
from collections.abc import Collection
from typing import Protocol

_SHORTEST, _LONGEST, _LONGEST_WATCHING = 0.1, 1.4, 5.0
"""Seconds between two questions; the last where Kubernetes would tell of an end at once."""

_AGE = 0.1
"""The part of the youngest run's age that is waited: after 5 s, half a second."""

_CROWD = 0.025
"""Seconds for each run that is followed: a hundred runs are not asked for ten times a second."""

_EAGER = 0.15
"""Seconds between two questions while Kubernetes says that a run has ended, and the API not yet."""

_EAGER_FOR = 20.0


class Aging(Protocol):
    """A run that is followed: since when, and when Kubernetes hinted at its end (0: it did not)."""

    since: float
    hinted: float


def pause(runs: Collection[Aging], *, answering: bool, watching: bool) -> float:
    """Seconds until the next question; 0 without runs.

    `answering` says whether the API did the last time, `watching` whether Kubernetes is listened
    to.
    """
    if not runs:
        return 0.0
    now = time.monotonic()
    if answering and any(one.hinted and now - one.hinted < _EAGER_FOR for one in runs):
        return _EAGER
    youngest = min(now - one.since for one in runs)
    longest = _LONGEST_WATCHING if watching else _LONGEST
    seconds = max(_SHORTEST, min(youngest * _AGE, longest), _CROWD * len(runs))
    # Not in step with other clients that began at the same time.
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311
