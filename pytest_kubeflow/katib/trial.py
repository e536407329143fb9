"""Trial: one trial of an experiment as it was at one moment, with its values of their types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_kubeflow.k8s.objects.conditions import Condition, condition, conditions_of, holds
from pytest_kubeflow.katib.observation import Observation, observations_of
from pytest_kubeflow.katib.search_space import SearchParameter

ENDED = ("Killed", "Failed", "Succeeded", "EarlyStopped", "MetricsUnavailable")
"""In the order in which Katib asks for them (updateTrialsSummary)."""

_NEVER = "0001-01-01T00:00:00Z"


@dataclass(frozen=True)
class Trial:
    """A Trial as the API gave it. `space` is that of its experiment."""

    object: Mapping[str, Any]
    space: Mapping[str, SearchParameter]

    @property
    def name(self) -> str:
        """Its name, which its Job has as well."""
        return str(self.object["metadata"]["name"])

    @property
    def assignments(self) -> dict[str, str]:
        """The values of its parameters, as Katib has written them."""
        found = (self.object.get("spec") or {}).get("parameterAssignments") or ()
        return {str(one.get("name")): str(one.get("value")) for one in found}

    @property
    def values(self) -> dict[str, Any]:
        """The same as numbers and words. Raises ValueError for what is not of its type."""
        return {
            name: self.space[name].parse(text) if name in self.space else text
            for name, text in self.assignments.items()
        }

    @property
    def outside(self) -> str:
        """What of its assignments is not of the search space, as a sentence; empty if all are."""
        wrong = []
        for name, text in self.assignments.items():
            if (parameter := self.space.get(name)) is None:
                wrong.append(f"{name}={text} is of no parameter")
                continue
            try:
                inside = parameter.contains(parameter.parse(text))
            except ValueError:
                wrong.append(f"{name}={text} is no {parameter.type_name}")
                continue
            if not inside:
                wrong.append(f"{name}={text} is not in {parameter.feasible_space}")
        wrong += [f"{name} has no value" for name in self.space if name not in self.assignments]
        return f"trial {self.name}: {', '.join(wrong)}" if wrong else ""

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Its history."""
        return conditions_of(self.object)

    @property
    def state(self) -> str:
        """What Katib counts it as: Succeeded, Failed, ..., Running, or Pending before."""
        for name in ENDED[:4]:
            if holds(self.object, name):
                return name
        if holds(self.object, "Running"):
            return "Running"
        return ENDED[4] if holds(self.object, ENDED[4]) else "Pending"

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.state in ENDED

    @property
    def reason(self) -> str:
        """Why it is in its state, in Katib's words."""
        found = condition(self.object, self.state)
        return ": ".join(filter(None, (found.reason, found.message))) if found else ""

    @property
    def observations(self) -> dict[str, Observation]:
        """What was measured, by metric."""
        return observations_of(self.object)

    @property
    def metrics(self) -> dict[str, float | None]:
        """The values that count, by metric; None for what was reported and is no number."""
        return {name: one.value for name, one in self.observations.items()}

    @property
    def started(self) -> float | None:
        """When it was made, in seconds since 1970."""
        return _seconds((self.object.get("status") or {}).get("startTime"))

    @property
    def completed(self) -> float | None:
        """When it ended; None before."""
        return _seconds((self.object.get("status") or {}).get("completionTime"))

    def describe(self) -> str:
        """One line: state, values, metrics."""
        values = ", ".join(f"{name}={text}" for name, text in self.assignments.items())
        metrics = ", ".join(f"{name}={value}" for name, value in self.metrics.items())
        message = f"{self.name} {self.state}: {values}"
        message += f" -> {metrics}" if metrics else ""
        is_bad = self.has_ended and self.state != "Succeeded"
        return f"{message} ({self.reason})" if is_bad and self.reason else message


def best_of(trials: Iterable[Trial], metric: str, *, maximize: bool) -> Trial | None:
    """The one whose metric is best, the first of equals; None if none has a number.

    The order of `trials` is what Katib's own choice goes by.
    """
    best: tuple[float, Trial] | None = None
    for trial in trials:
        value = trial.metrics.get(metric)
        if value is None:
            continue
        if best is None or (value > best[0] if maximize else value < best[0]):
            best = value, trial
    return best[1] if best is not None else None


def _seconds(stamp: object) -> float | None:
    if not stamp or stamp == _NEVER:
        return None
    return datetime.fromisoformat(str(stamp)).timestamp()
