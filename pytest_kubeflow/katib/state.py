"""ExperimentState: what an Experiment object says, and what can be told from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_kubeflow.k8s.objects.conditions import ConditionedState
from pytest_kubeflow.katib.observation import Observation, strategies_of
from pytest_kubeflow.katib.search_space import SearchParameter, space_of
from pytest_kubeflow.katib.spec import MAXIMIZE

SUCCEEDED, FAILED = "Succeeded", "Failed"
_COUNTS = {
    "trialsSucceeded": "succeeded",
    "trialsFailed": "failed",
    "trialMetricsUnavailable": "without metrics",
    "trialsEarlyStopped": "stopped early",
    "trialsKilled": "killed",
}
"""Fields of the status for trials that are over; one of them has no s."""


@dataclass(frozen=True)
class OptimalTrial:
    """The best trial as the Experiment names it: values as they are written, metrics as numbers."""

    name: str
    assignments: Mapping[str, str]
    observations: Mapping[str, Observation]

    @property
    def metrics(self) -> dict[str, float | None]:
        """The values that count, by metric."""
        return {name: one.value for name, one in self.observations.items()}


@dataclass(frozen=True)
class ExperimentState(ConditionedState):
    """An Experiment as the API gave it."""

    @property
    def objective(self) -> Mapping[str, Any]:
        """Metric, direction and goal."""
        found: Mapping[str, Any] = self.spec.get("objective") or {}
        return found

    @property
    def metric(self) -> str:
        """The name of the objective's metric."""
        return str(self.objective.get("objectiveMetricName") or "")

    @property
    def metrics(self) -> tuple[str, ...]:
        """All of them, the objective's first."""
        return (self.metric, *map(str, self.objective.get("additionalMetricNames") or ()))

    @property
    def maximizes(self) -> bool:
        """Whether more is better."""
        return self.objective.get("type") == MAXIMIZE

    @cached_property
    def space(self) -> dict[str, SearchParameter]:
        """Its search space."""
        return space_of(self.object)

    @property
    def parallel(self) -> int:
        """The most trials at once."""
        return int(self.spec.get("parallelTrialCount") or 3)

    @property
    def most(self) -> int | None:
        """The most trials; None for no end."""
        found = self.spec.get("maxTrialCount")
        return None if found is None else int(found)

    @property
    def trials(self) -> int:
        """How many trials it has."""
        return int(self.status.get("trials") or 0)

    @property
    def completed(self) -> int:
        """How many of them are over, however they ended."""
        return sum(self.count(name) for name in _COUNTS)

    def count(self, name: str) -> int:
        """A count of its status, such as "trialsRunning"; Katib leaves out those of 0."""
        return int(self.status.get(name) or 0)

    @property
    def has_succeeded(self) -> bool:
        """Whether it ended as experiments do: by its goal, its most trials or its last suggestion.

        Trials may have failed all the same.
        """
        return self.holds(SUCCEEDED)

    @property
    def has_failed(self) -> bool:
        """Whether it has failed."""
        return self.holds(FAILED)

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.has_succeeded or self.has_failed

    @property
    def reason(self) -> str:
        """Why it ended, such as ExperimentGoalReached; empty before."""
        ended = self.condition(SUCCEEDED if self.has_succeeded else FAILED)
        return ended.reason if ended is not None and ended.is_true else ""

    @property
    def message(self) -> str:
        """The same as a sentence of Katib's."""
        ended = self.condition(SUCCEEDED if self.has_succeeded else FAILED)
        return ended.message if ended is not None and ended.is_true else ""

    @property
    def optimal(self) -> OptimalTrial | None:
        """The best trial so far; None while there is none."""
        found = self.status.get("currentOptimalTrial") or {}
        if not found.get("bestTrialName"):
            return None
        strategies = strategies_of(self.objective)
        metrics = (found.get("observation") or {}).get("metrics") or ()
        observed = (Observation.of(one, strategies) for one in metrics)
        return OptimalTrial(
            str(found["bestTrialName"]),
            {
                str(one.get("name")): str(one.get("value"))
                for one in found.get("parameterAssignments") or ()
            },
            {one.metric: one for one in observed},
        )

    def progress(self) -> str:
        """How far it is: "5 of 12 trials, 3 running, best Validation-accuracy=0.93"."""
        most = f" of {self.most}" if self.most is not None else ""
        parts = [f"{self.completed}{most} trials"]
        parts += [
            f"{count} {name}"
            for key, name in _COUNTS.items()
            if key != "trialsSucceeded" and (count := self.count(key))
        ]
        if running := self.count("trialsRunning"):
            parts.append(f"{running} running")
        if pending := self.count("trialsPending"):
            parts.append(f"{pending} pending")
        if (best := self.optimal) is not None and (value := best.metrics.get(self.metric)):
            parts.append(f"best {self.metric}={value:g}")
        return ", ".join(parts)

    def describe(self) -> str:
        """One line: its newest condition, and how far it is."""
        if self.is_being_deleted:
            return "being deleted"
        current = [one for one in self.conditions if one.is_true]
        return f"{current[-1]}; {self.progress()}" if current else "no condition yet"
