"""Experiments and Trials as messages, for the services of algorithms.

Rules: kubeflow/katib v0.19.0, pkg/controller.v1beta1/suggestion/suggestionclient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.local.katib.conditions import has, is_observed, last
from pytest_kubeflow.local.katib.messages import ENUMS, new
from pytest_kubeflow.local.katib.observation import by_strategy
from pytest_kubeflow.local.kube.client import Object

_DISTRIBUTIONS = {
    "uniform": "UNIFORM",
    "logUniform": "LOG_UNIFORM",
    "normal": "NORMAL",
    "logNormal": "LOG_NORMAL",
}
COMPARISONS = {"EQUAL": "equal", "LESS": "less", "GREATER": "greater"}
# A trial without metrics is not sent; its condition would be told as UNKNOWN.
_CONDITIONS = {
    "Created": "CREATED",
    "Running": "RUNNING",
    "Succeeded": "SUCCEEDED",
    "Killed": "KILLED",
    "Failed": "FAILED",
    "EarlyStopped": "EARLYSTOPPED",
}


def experiment_message(experiment: Object, settings: Sequence[Object] = ()) -> Any:
    """An experiment; `settings` of its algorithm replace those of the same name."""
    spec = experiment["spec"]
    algorithm = spec["algorithm"]
    merged = {one.get("name", ""): one for one in algorithm.get("algorithmSettings") or []}
    merged |= {one["name"]: one for one in settings}
    fields: dict[str, Any] = {
        "algorithm": _algorithm({**algorithm, "algorithmSettings": list(merged.values())}),
        "objective": _objective(spec["objective"]),
        "parameter_specs": new(
            "ParameterSpecs", parameters=[_parameter(one) for one in spec.get("parameters") or []]
        ),
        "parallel_trial_count": spec.get("parallelTrialCount") or 0,
        "max_trial_count": spec.get("maxTrialCount") or 0,
    }
    if spec.get("earlyStopping"):
        fields["early_stopping"] = _algorithm(spec["earlyStopping"])
    made = new("ExperimentSpec", **fields)
    return new("Experiment", name=experiment["metadata"]["name"], spec=made)


def trial_message(trial: Object) -> Any:
    """A trial; None for one of which nothing can be learned."""
    if has(trial, "MetricsUnavailable") or (has(trial, "EarlyStopped") and not is_observed(trial)):
        return None
    spec, status = trial["spec"], trial.get("status") or {}
    objective = spec["objective"]
    strategies = {
        one.get("name", ""): one.get("value") for one in objective.get("metricStrategies") or []
    }
    metrics = [
        new("Metric", name=one["name"], value=by_strategy(one, strategies.get(one["name"])))
        for one in (status.get("observation") or {}).get("metrics") or []
    ]
    assignments = [
        new("ParameterAssignment", name=one["name"], value=one.get("value", ""))
        for one in spec.get("parameterAssignments") or []
    ]
    found: dict[str, Any] = {"observation": new("Observation", metrics=metrics)}
    for field, key in (("start_time", "startTime"), ("completion_time", "completionTime")):
        found[field] = status.get(key) or ""
    if condition := last(trial):
        word = _CONDITIONS.get(condition, "UNKNOWN")
        found["condition"] = ENUMS["TrialConditionType"].index(word)
    return new(
        "Trial",
        name=trial["metadata"]["name"],
        spec=new(
            "TrialSpec",
            objective=_objective(objective),
            parameter_assignments=new("Assignments", assignments=assignments),
            labels=spec.get("labels") or {},
        ),
        status=new("TrialStatus", **found),
    )


def _algorithm(spec: Object) -> Any:
    settings = [
        new("Setting", name=one.get("name", ""), value=one.get("value", ""))
        for one in spec.get("algorithmSettings") or []
    ]
    name = spec.get("algorithmName", "")
    return new("AlgorithmSpec", algorithm_name=name, algorithm_settings=settings)


def _objective(objective: Object) -> Any:
    kind = objective.get("type", "").upper()
    fields: dict[str, Any] = {
        "type": ENUMS["ObjectiveType"].index(kind) if kind in ENUMS["ObjectiveType"] else 0,
        "objective_metric_name": objective.get("objectiveMetricName", ""),
        "additional_metric_names": objective.get("additionalMetricNames") or [],
    }
    if objective.get("goal") is not None:
        fields["goal"] = float(objective["goal"])
    return new("ObjectiveSpec", **fields)


def _parameter(parameter: Object) -> Any:
    kind = parameter.get("parameterType", "").upper()
    space = parameter.get("feasibleSpace") or {}
    word = _DISTRIBUTIONS.get(space.get("distribution", ""), "DISTRIBUTION_UNSPECIFIED")
    return new(
        "ParameterSpec",
        name=parameter.get("name", ""),
        parameter_type=ENUMS["ParameterType"].index(kind) if kind in ENUMS["ParameterType"] else 0,
        feasible_space=new(
            "FeasibleSpace",
            max=space.get("max", ""),
            min=space.get("min", ""),
            list=space.get("list") or [],
            step=space.get("step", ""),
            distribution=ENUMS["Distribution"].index(word),
        ),
    )
