"""Moments: what a run waited for, by what the cluster itself wrote down.

KFP (created_at) and Kubernetes (creationTimestamp, lastTransitionTime, startedAt) write whole
seconds down: each difference is right to one second. All are of the cluster's clocks, none of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

TOLERATED = 2.0
"""Seconds by which an effect may be written down before its cause: those that are cut, and clocks
of several machines."""

Pod = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PodMoments:
    """When a pod was made, got its node, and had a container started; seconds since the epoch.

    None: that has not come yet.
    """

    created: float
    scheduled: float | None = None
    started: float | None = None

    @classmethod
    def of(cls, pod: Pod) -> PodMoments:
        """Of a pod as a plain object."""
        status = pod.get("status") or {}
        scheduled = (
            one.get("lastTransitionTime")
            for one in status.get("conditions") or ()
            if one.get("type") == "PodScheduled" and one.get("status") == "True"
        )
        containers = (
            *(status.get("initContainerStatuses") or ()),
            *(status.get("containerStatuses") or ()),
        )
        started = [
            state["startedAt"]
            for one in containers
            for state in (one.get("state") or {}).values()
            if isinstance(state, Mapping) and state.get("startedAt")
        ]
        return cls(
            _seconds(pod["metadata"]["creationTimestamp"]),
            next((_seconds(stamp) for stamp in scheduled if stamp), None),
            min(map(_seconds, started), default=None),
        )


@dataclass(frozen=True, slots=True)
class RunMoments:
    """Those of one run, with those of its pods."""

    created: float | None
    ended: float | None
    pods: tuple[PodMoments, ...] = ()

    @property
    def to_first_pod(self) -> float | None:
        """Seconds from its submission until its first pod was made; None without one."""
        first = min((pod.created for pod in self.pods), default=None)
        return _between(self.created, first)

    @property
    def scheduling(self) -> list[float]:
        """Seconds that each pod waited for a node."""
        return _known(_between(pod.created, pod.scheduled) for pod in self.pods)

    @property
    def starting(self) -> list[float]:
        """Seconds from the node to the first container that runs: volumes, networks, images."""
        return _known(_between(pod.scheduled, pod.started) for pod in self.pods)

    @property
    def whole(self) -> float | None:
        """Seconds from its submission to its end."""
        return _between(self.created, self.ended)

    @property
    def disorder(self) -> str:
        """What of it cannot be: a sentence for what came before its cause; empty if all can be."""
        if self.created is None:
            return "the pipelines API does not say when it was created"
        if not self.pods:
            return "none of its pods was seen"
        for pod in self.pods:
            steps = (
                ("its creation", self.created),
                ("a pod's creation", pod.created),
                ("that pod's node", pod.scheduled),
                ("that pod's start", pod.started),
            )
            known = [(name, at) for name, at in steps if at is not None]
            for (before, earlier), (after, later) in pairwise(known):
                if later < earlier - TOLERATED:
                    return f"{after} came {earlier - later:.0f} s before {before}"
        if all(pod.started is None for pod in self.pods):
            return "no container of its pods was started"
        return ""


def _between(earlier: float | None, later: float | None) -> float | None:
    """Not below 0: of two whole seconds the later may be cut more."""
    return None if earlier is None or later is None else max(0.0, later - earlier)


def _known(values: Iterable[float | None]) -> list[float]:
    return [one for one in values if one is not None]


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()
