"""What an experiment counts of a trial is that of its newest version."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.katib.experimentstatus import update
from pytest_kubeflow.local.katib.trialstate import TrialState
from pytest_kubeflow.local.kube.versioncache import VersionCache

OBJECTIVE = {
    "type": "maximize",
    "objectiveMetricName": "score",
    "metricStrategies": [{"name": "score", "value": "max"}],
}


def trial(name: str, version: int, *conditions: str, score: str | None = None) -> dict[str, Any]:
    status: dict[str, Any] = {"conditions": [{"type": one, "status": "True"} for one in conditions]}
    if score is not None:
        metric = {"name": "score", "min": score, "max": score, "latest": score}
        status["observation"] = {"metrics": [metric]}
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)},
        "spec": {"objective": OBJECTIVE},
        "status": status,
    }


@pytest.mark.parametrize(
    ("conditions", "score", "state"),
    [
        ((), None, TrialState("pendingTrialList", False, None, False)),
        (("Created", "Running"), None, TrialState("runningTrialList", False, None, False)),
        (("Created", "Succeeded"), "7", TrialState("succeededTrialList", True, 7.0, False)),
        (("Succeeded",), "seven", TrialState("succeededTrialList", True, None, False)),
        (("Succeeded", "Killed"), "7", TrialState("killedTrialList", True, 7.0, False)),
        (("EarlyStopped",), None, TrialState("earlyStoppedTrialList", False, None, True)),
        (("EarlyStopped",), "7", TrialState("earlyStoppedTrialList", True, 7.0, False)),
        (
            ("MetricsUnavailable",),
            "unavailable",
            TrialState("metricsUnavailableTrialList", False, None, False),
        ),
    ],
)
def test_a_trial_is_in_one_list(
    conditions: tuple[str, ...], score: str | None, state: TrialState
) -> None:
    assert TrialState.of(trial("a", 1, *conditions, score=score)) == state


def test_a_newer_version_is_read_again() -> None:
    states = VersionCache(TrialState.of)
    experiment: dict[str, Any] = {"spec": {"objective": OBJECTIVE}, "status": {}}

    def seen(*trials: dict[str, Any]) -> list[tuple[dict[str, Any], TrialState]]:
        return [(one, states.of(one)) for one in trials]

    update(experiment, seen(trial("a", 1, "Running"), trial("b", 2, "Succeeded", score="3")))
    assert experiment["status"]["runningTrialList"] == ["a"]
    assert experiment["status"]["currentOptimalTrial"]["bestTrialName"] == "b"
    ended = trial("a", 3, "Succeeded", score="4")
    update(experiment, seen(ended, trial("b", 2, "Succeeded", score="3")))
    assert "runningTrialList" not in experiment["status"]
    assert experiment["status"]["succeededTrialList"] == ["a", "b"]
    assert experiment["status"]["currentOptimalTrial"]["bestTrialName"] == "a"


def test_of_a_deleted_trial_nothing_is_kept() -> None:
    states = VersionCache(TrialState.of)
    kept, deleted = trial("a", 1, "Succeeded", score="3"), trial("b", 1, "Running")
    made = states.of(kept)
    states.of(deleted)
    states.on_change("DELETED", trial("b", 2))
    assert list(states._known) == ["uid-a"]
    assert states.of(kept) is made
