"""The tables of Katib's UI, as the lines of CSV that its page reads.

Rules: kubeflow/katib v0.19.0, pkg/ui/v1beta1/hp.go.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from pytest_kubeflow.local.katib.conditions import has, last
from pytest_kubeflow.local.katib.observation import number
from pytest_kubeflow.local.kube.client import Object

_RUN = "kubeflow-kale.org/kfp-run-uuid"

ReadLogs = Callable[[str], Awaitable[Sequence[Any]]]
"""What the trial of this name has reported, as messages MetricLog."""


async def experiment_table(
    experiment: Object, trials: Sequence[Object], read_logs: ReadLogs
) -> str:
    """A line for each trial: its condition, its name, its metrics and its parameters."""
    spec = experiment["spec"]
    objective = spec["objective"]
    metrics = [
        objective.get("objectiveMetricName", ""),
        *(objective.get("additionalMetricNames") or []),
    ]
    columns = [*metrics, *(one.get("name", "") for one in spec.get("parameters") or [])]
    with_runs = any(_RUN in (one["metadata"].get("annotations") or {}) for one in trials)
    lines = [",".join(["Status", "trialName", *columns, *(["KFP Run"] if with_runs else [])])]
    for trial in trials:
        values = dict.fromkeys(columns, "")
        if has(trial, "Succeeded") or has(trial, "EarlyStopped"):
            for log in await read_logs(trial["metadata"]["name"]):
                # Of a metric that nobody named the real one writes into the first column.
                name = log.metric.name if log.metric.name in values else metrics[0]
                values[name] = _better(values[name], log.metric.value, trial)
        for one in trial["spec"].get("parameterAssignments") or []:
            values[one["name"]] = one.get("value", "")
        run = (trial["metadata"].get("annotations") or {}).get(_RUN, "")
        words = [last(trial), trial["metadata"]["name"], *values.values()]
        lines.append(",".join([*words, *([run] if with_runs else [])]))
    return "\n".join(lines)


def trial_table(trial: Object, logs: Sequence[Any]) -> str:
    """A line for each second in which a metric was reported. Raises ValueError."""
    kind = trial["spec"]["objective"].get("type")
    rows: list[list[str]] = [["metricName", "time", "value"]]
    newest: dict[str, list[str]] = {}
    for log in logs:
        name, value = log.metric.name, log.metric.value
        found = number(value)
        if found is None:
            raise ValueError(f'strconv.ParseFloat: parsing "{value}": invalid syntax')
        second = log.time_stamp.partition(".")[0].removesuffix("Z")
        row = newest.get(name)
        if row is None or row[1] != second:
            row = newest[name] = [name, second, value]
            rows.append(row)
        elif _is_better(found, number(row[2]) or 0.0, kind):
            row[2] = value
    return "".join(f"{','.join(row)}\n" for row in rows)


def _better(known: str, value: str, trial: Object) -> str:
    if known == "":
        return value
    kind = trial["spec"]["objective"].get("type")
    return value if _is_better(number(value) or 0.0, number(known) or 0.0, kind) else known


def _is_better(value: float, known: float, kind: str | None) -> bool:
    return (kind == "minimize" and value < known) or (kind == "maximize" and value > known)
