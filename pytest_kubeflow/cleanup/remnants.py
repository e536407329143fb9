"""Remnant: one thing that some session made, with what it takes to remove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from pytest_kubeflow.k8s.sessions.ownership import OWNER, RUN_ID, age, lifetime_left


class Fate(Enum):
    """What became of one."""

    REMOVED = "removed"
    WOULD_BE_REMOVED = "would be removed"
    LEFT = "left"
    """Its session lives, or what it kept does."""

    FAILED = "not removed"


@dataclass(slots=True)
class Remnant:
    """A thing of ours. `remove` raises KubeflowErrors."""

    name: str
    """With its kind, as messages call it: "profile kf-scratch-1f2e3d4c5b"."""

    labels: Mapping[str, str] = field(repr=False)
    made: float | None
    """When, in seconds since 1970, as far as that is known."""

    remove: Callable[[], None] = field(repr=False)
    finish: Callable[[], None] = field(default=lambda: None, repr=False)
    """Waits until it is gone, after `remove` of all."""

    stays: str = ""
    """Why it is left, though its time is over, unless it is chosen by its session or with all."""

    is_part: bool = False
    """It goes with another one, and tells only whether its session lives."""

    fate: Fate = Fate.LEFT
    reason: str = ""
    """Why it could not be removed."""

    @property
    def run_id(self) -> str:
        """The session that made it."""
        return self.labels.get(RUN_ID, "")

    def cells(self, *, now: float) -> tuple[str, ...]:
        """For a table: as `COLUMNS`."""
        return (
            self.fate.value,
            self.name,
            age(now - self.made) if self.made is not None else "-",
            self.labels.get(OWNER) or "-",
            self.run_id,
            lifetime_left(self.labels, now=now) + (f"; {self.reason}" if self.reason else ""),
        )


COLUMNS = ("", "WHAT", "AGE", "OWNER", "SESSION", "LIFE")
