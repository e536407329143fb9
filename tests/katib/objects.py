"""Objects of Katib as its API gives them, for tests without a cluster."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.katib.search_space import (
    CategoricalParameter,
    DoubleParameter,
    IntParameter,
    SearchParameter,
)

SPACE: dict[str, SearchParameter] = {
    "lr": DoubleParameter(0.01, 0.03),
    "num-layers": IntParameter(2, 5),
    "optimizer": CategoricalParameter(("sgd", "adam", "ftrl")),
}
OBJECTIVE = {
    "type": "maximize",
    "objectiveMetricName": "accuracy",
    "metricStrategies": [{"name": "accuracy", "value": "max"}],
}


def condition(kind: str, reason: str = "", message: str = "", *, holds: bool = True) -> Any:
    status = "True" if holds else "False"
    return {"type": kind, "status": status, "reason": reason, "message": message}


def trial(
    name: str, *conditions: Any, accuracy: str | None = None, **assignments: str
) -> dict[str, Any]:
    """A Trial; `accuracy` is what it has reported, once."""
    status: dict[str, Any] = {"conditions": list(conditions)}
    if accuracy is not None:
        values = dict.fromkeys(("min", "max", "latest"), accuracy)
        status["observation"] = {"metrics": [{"name": "accuracy", **values}]}
    return {
        "kind": "Trial",
        "metadata": {"name": name},
        "spec": {
            "objective": OBJECTIVE,
            "primaryContainerName": "training-container",
            "parameterAssignments": [
                {"name": key, "value": one} for key, one in assignments.items()
            ],
        },
        "status": status,
    }


def experiment(*conditions: Any, **status: Any) -> dict[str, Any]:
    """An Experiment of that space with 12 trials, 3 at once."""
    return {
        "metadata": {"name": "tuned", "namespace": "team"},
        "spec": {
            "objective": OBJECTIVE,
            "maxTrialCount": 12,
            "parallelTrialCount": 3,
            "parameters": [
                {
                    "name": name,
                    "parameterType": one.type_name,
                    "feasibleSpace": one.feasible_space,
                }
                for name, one in SPACE.items()
            ],
        },
        "status": {"conditions": list(conditions), **status},
    }


def optimal(name: str, accuracy: str, assignments: Mapping[str, str]) -> dict[str, Any]:
    values = dict.fromkeys(("min", "max", "latest"), accuracy)
    return {
        "bestTrialName": name,
        "parameterAssignments": [{"name": key, "value": one} for key, one in assignments.items()],
        "observation": {"metrics": [{"name": "accuracy", **values}]},
    }
