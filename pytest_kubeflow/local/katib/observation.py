"""The observation of a trial: the least, the greatest and the last value of each metric.

Rules: kubeflow/katib v0.19.0, getMetrics in pkg/controller.v1beta1/trial/trial_controller_util.go
and getObjectiveMetricValue in pkg/controller.v1beta1/experiment/util/status_util.go.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pytest_kubeflow.local.katib.conditions import UNAVAILABLE
from pytest_kubeflow.local.kube.client import Object

_NUMBER = re.compile(
    r"[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity)|nan",
    re.ASCII | re.IGNORECASE,
)


def number(text: str) -> float | None:
    """A number as Go's ParseFloat reads decimal ones; None for what is none."""
    if "_" in text or not _NUMBER.fullmatch(text):
        return None
    found = float(text)
    # What is too great for a float is an error there, and infinity here.
    is_named = text.lstrip("+-").lower().startswith("inf")
    return None if math.isinf(found) and not is_named else found


def observation(logs: Iterable[Any], strategies: Sequence[Object]) -> Object:
    """What `logs` (messages MetricLog) come to, for the metrics that have a strategy."""
    metrics: dict[str, Object] = {
        one["name"]: {
            "name": one["name"],
            "min": UNAVAILABLE,
            "max": UNAVAILABLE,
            "latest": UNAVAILABLE,
        }
        for one in strategies
    }
    times: dict[str, str] = {}
    for log in logs:
        metric = metrics.get(log.metric.name)
        if metric is None:
            continue
        text = log.metric.value
        value = number(text)
        if value is not None:
            if metric["min"] == UNAVAILABLE:
                metric["min"] = metric["max"] = text
            elif value < float(metric["min"]):
                metric["min"] = text
            elif value > float(metric["max"]):
                metric["max"] = text
        # Times come from the table, where they are all in UTC and ordered as texts are.
        moment = _padded(log.time_stamp)
        if moment >= times.get(metric["name"], ""):
            times[metric["name"]] = moment
            metric["latest"] = text
    return {"metrics": list(metrics.values())}


def objective_value(trial: Object) -> str:
    """The value of a trial's objective, by its strategy; `unavailable` without one."""
    found = (trial.get("status") or {}).get("observation")
    objective = trial["spec"].get("objective") or {}
    if found is None:
        return UNAVAILABLE
    name = objective.get("objectiveMetricName", "")
    strategies = objective.get("metricStrategies") or []
    strategy = next((one.get("value") for one in strategies if one["name"] == name), None)
    for metric in found.get("metrics") or []:
        if metric["name"] == name:
            return by_strategy(metric, strategy)
    return UNAVAILABLE


def by_strategy(metric: Object, strategy: str | None) -> str:
    """The value of a metric that a strategy chooses."""
    latest: str = metric.get("latest", "")
    if strategy not in {"min", "max"}:
        return latest if strategy == "latest" else UNAVAILABLE
    chosen: str = metric.get(strategy, "")
    return latest if chosen == UNAVAILABLE else chosen


def _padded(time: str) -> str:
    seconds, _, digits = time.removesuffix("Z").partition(".")
    return f"{seconds}.{digits.ljust(6, '0')}"
