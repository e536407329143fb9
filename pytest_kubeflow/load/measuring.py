"""Measuring: from what was seen during a load to its summary."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.load.figures import figure
from pytest_kubeflow.load.latencies import CREATE, KUBERNETES, PIPELINES, READ, Latencies
from pytest_kubeflow.load.loaded_run import LoadedRun
from pytest_kubeflow.load.pulls import Pulls
from pytest_kubeflow.load.summary import LoadSummary

CREATING = "pipelines API: create a run"
READING = "pipelines API: read"
READING_KUBERNETES = "Kubernetes API: read"
FIRST_POD = "run: submission to first pod"
SCHEDULING = "pod: waiting for a node"
STARTING = "pod: node to first container"
PULLING = "image: pull"
WHOLE = "run: submission to end"

API_FIGURES = {
    CREATING: (PIPELINES, CREATE),
    READING: (PIPELINES, READ),
    READING_KUBERNETES: (KUBERNETES, READ),
}


def summarize(
    runs: Sequence[LoadedRun],
    latencies: Latencies,
    pulls: Pulls,
    *,
    seconds: float,
    submitting: float,
    stopped: str,
) -> LoadSummary:
    """All of it in numbers; figures of which nothing was seen are left out."""
    answered = latencies.by_kind()
    moments = [one.moments for one in runs]
    first = [one.to_first_pod for one in moments]
    whole = [one.whole for one in moments]
    figures = [
        *(figure(name, answered.get(kind, ())) for name, kind in API_FIGURES.items()),
        figure(FIRST_POD, [one for one in first if one is not None]),
        figure(SCHEDULING, [wait for one in moments for wait in one.scheduling]),
        figure(STARTING, [wait for one in moments for wait in one.starting]),
        figure(PULLING, pulls.seconds),
        figure(WHOLE, [one for one in whole if one is not None]),
    ]
    return LoadSummary(
        runs=len(runs),
        submitted=sum(one.run is not None for one in runs),
        succeeded=sum(one.state == "SUCCEEDED" for one in runs),
        seconds=seconds,
        submitting=submitting,
        requests=latencies.requests(),
        refused=latencies.refused(),
        present=pulls.present,
        figures=tuple(one for one in figures if one is not None),
        stopped=stopped,
    )
