"""What the pods of a run did when: waited for a node, got ready to start, ran."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

WAITING = "waiting for a node"
STARTING = "starting"
"""Its node has it: image, volumes and init containers."""

RUNNING = "running"

_MAIN = "main"

PodPhase = tuple[str, float, float]
"""Name, begin and end, in seconds since the epoch."""


def pod_phases(pods: Iterable[Any]) -> Mapping[str, tuple[PodPhase, ...]]:
    """The phases of these pods that are over, by the pod's name."""
    return {pod.metadata.name: tuple(_phases(pod)) for pod in pods}


def _phases(pod: Any) -> Iterator[PodPhase]:
    made = _seconds(pod.metadata.creation_timestamp)
    scheduled = next(
        (
            _seconds(one.last_transition_time)
            for one in pod.status.conditions or ()
            if one.type == "PodScheduled" and one.status == "True"
        ),
        None,
    )
    started, ended = _of_main(pod)
    for name, begin, end in (
        (WAITING, made, scheduled),
        (STARTING, scheduled, started),
        (RUNNING, started, ended),
    ):
        if begin is not None and end is not None and end >= begin:
            yield name, begin, end


def _of_main(pod: Any) -> tuple[float | None, float | None]:
    """When the container with the component started and ended."""
    statuses = pod.status.container_statuses or ()
    main = next((one for one in statuses if one.name == _MAIN), None)
    state = getattr(main, "state", None)
    if state is None:
        return None, None
    if state.terminated is not None:
        return _seconds(state.terminated.started_at), _seconds(state.terminated.finished_at)
    return (_seconds(state.running.started_at) if state.running is not None else None), None


def _seconds(moment: Any) -> float | None:
    return float(moment.timestamp()) if moment is not None else None
