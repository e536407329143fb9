"""Age: what has only just begun is not broken yet."""

from __future__ import annotations

from datetime import timedelta

from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import time

STARTING = timedelta(minutes=2)
"""How long a thing may take to start before it counts as stuck."""

ENDING = timedelta(minutes=5)
"""How long a thing may take to end, beyond the time that it was given."""


def longer_than(span: timedelta, snapshot: Snapshot, obj: object, *path: str) -> bool:
    """Whether the time there is further back than `span`; True where there is none."""
    found = time(obj, *path)
    return found is None or snapshot.taken - found > span


def is_over(snapshot: Snapshot, ended: Object, span: timedelta) -> bool:
    """Whether a container is known to have ended longer ago than `span`."""
    return time(ended, "finishedAt") is not None and longer_than(
        span, snapshot, ended, "finishedAt"
    )


def is_young(snapshot: Snapshot, obj: Object) -> bool:
    """Whether an object was made so lately that it may still be starting."""
    made = time(obj, "metadata", "creationTimestamp")
    return made is not None and snapshot.taken - made < STARTING
