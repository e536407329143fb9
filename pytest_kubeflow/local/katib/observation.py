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

_DECIMAL = r"(?:{0}\.?(?:{0})?|\.{0})(?:e[+-]?{0})?".format(r"\d(?:_?\d)*")
_HEX = r"0x_?(?:{0}\.?(?:{0})?|\.{0})p[+-]?\d(?:_?\d)*".format(r"[\da-f](?:_?[\da-f])*")
_NUMBER = re.compile(
    rf"(?:[+-]?(?:{_DECIMAL}|(?P<hex>{_HEX})|inf|infinity)|nan)", re.ASCII | re.IGNORECASE
)


def number(text: str) -> float | None:
    """A number as Go's ParseFloat reads it; None for what is none."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        return None
    plain = text.replace("_", "")
    try:
        found = float.fromhex(plain) if match["hex"] else float(plain)
    except OverflowError:
        return None
    # What is too great for a float is an error there, and infinity here.
    is_named = text.lstrip("+-").lower().startswith("inf")
    return None if math.isinf(found) and not is_named else found


def observation(logs: Iterable[Any], strategies: Sequence[Object]) -> Object:
    """What `logs` (messages MetricLog) come to, for the metrics that have a strategy."""
    metrics: dict[str, Object] = {
        one.get("name", ""): {
            "name": one.get("name", ""),
            "min": UNAVAILABLE,
            "max": UNAVAILABLE,
            "latest": UNAVAILABLE,
        }
        for one in strategies
    }
    times: dict[str, str] = {}
    bounds: dict[str, tuple[float, float]] = {}
    for log in logs:
        metric = metrics.get(log.metric.name)
        if metric is None:
            continue
        text = log.metric.value
        value = number(text)
        if value is not None:
            known = bounds.get(metric["name"])
            if known is None:
                bounds[metric["name"]] = value, value
                metric["min"] = metric["max"] = text
            elif value < known[0]:
                bounds[metric["name"]] = value, known[1]
                metric["min"] = text
            elif value > known[1]:
                bounds[metric["name"]] = known[0], value
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
    strategy = next((one.get("value") for one in strategies if one.get("name", "") == name), None)
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
