"""Loads, pods and nodes that are written down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_kubeflow.load.figures import Figure, figure
from pytest_kubeflow.load.summary import LoadSummary


def summary(runs: int, *times: Iterable[float], stopped: str = "") -> LoadSummary:
    """A load whose runs all succeeded, with a figure for each of these spreads."""
    figures = tuple(_known(f"figure {at}", one) for at, one in enumerate(times))
    return LoadSummary(runs, runs, runs, 60.0, 2.0, 100, 0, 3, figures, stopped)


def _known(name: str, seconds: Iterable[float]) -> Figure:
    found = figure(name, seconds)
    assert found is not None
    return found


def node(name: str = "worker-1", **conditions: str) -> dict[str, Any]:
    """A ready node, but for these conditions: their statuses."""
    found = {"Ready": "True", "MemoryPressure": "False"} | conditions
    return {
        "metadata": {"name": name},
        "status": {
            "conditions": [
                {"type": kind, "status": status, "reason": f"Kubelet{kind}", "message": "so it is"}
                for kind, status in found.items()
            ]
        },
    }


def pod(
    created: str, scheduled: str | None = None, started: str | None = None, uid: str = "uid-1"
) -> dict[str, Any]:
    """A pod, with times such as "10:00:01"."""
    status: dict[str, Any] = {}
    if scheduled:
        status["conditions"] = [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": stamp(scheduled)}
        ]
    if started:
        status["initContainerStatuses"] = [
            {"name": "init", "state": {"terminated": {"startedAt": stamp(started)}}}
        ]
        status["containerStatuses"] = [{"name": "main", "state": {"waiting": {}}}]
    return {"metadata": {"uid": uid, "creationTimestamp": stamp(created)}, "status": status}


def stamp(time: str) -> str:
    """As Kubernetes writes it."""
    return f"2026-11-30T{time}Z"
