"""StopRules: when a trial is to end early, by what it has written so far.

Rules: kubeflow/katib v0.19.0, cmd/metricscollector/v1beta1/file-metricscollector/main.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_kubeflow.local.golang.regexp import GoPattern
from pytest_kubeflow.local.katib.collector.parsing import (
    CollectError,
    matches,
    parsed_object,
)
from pytest_kubeflow.local.katib.observation import number


@dataclass(frozen=True, slots=True)
class StopRule:
    """A metric that is less, equal or greater than a value once it was written so often."""

    metric: str
    value: float
    comparison: str
    start_step: int

    @classmethod
    def parse(cls, text: str) -> StopRule:
        """From `name;value;comparison;step`. Raises CollectError."""
        parts = text.split(";")
        if len(parts) != 4:
            raise CollectError(f"Invalid Early Stopping rule: {text}")
        value = number(parts[1])
        if value is None or not parts[3].isdecimal():
            raise CollectError(
                f"Unable to parse value {parts[1]} to float for rule metric {parts[0]}"
            )
        return cls(parts[0], value, parts[2], int(parts[3]))

    def holds(self, value: float) -> bool:
        """Whether a value is one at which the trial ends."""
        return {
            "equal": value == self.value,
            "less": value < self.value,
            "greater": value > self.value,
        }.get(self.comparison, False)


class StopRules:
    """Those that have not come true yet; the trial ends when none is left."""

    def __init__(
        self,
        rules: Sequence[StopRule],
        *,
        objective: str,
        maximize: bool,
        patterns: Sequence[GoPattern] | None,
    ) -> None:
        self._rules = list(rules)
        self._steps = {one.metric: one.start_step for one in rules if one.start_step}
        self._objective = objective
        self._maximize = maximize
        self._patterns = patterns
        self._best: float | None = None

    def reached(self, line: str) -> bool:
        """Take a line into account; whether the trial is to end. Raises CollectError."""
        for name, text in self._values(line):
            value = number(text)
            if value is None:
                raise CollectError(f"Unable to parse value {text} to float for metric {name}")
            for rule in [one for one in self._rules if one.metric == name]:
                self._apply(rule, value)
        return not self._rules

    def _values(self, line: str) -> list[tuple[str, str]]:
        """Values of rules' metrics. A file is of text where there are patterns, else of JSON."""
        names = {one.metric for one in self._rules}
        if self._patterns is None:
            found = parsed_object(line) if line else {}
            return [
                (name, found[name].strip()) for name in names if isinstance(found.get(name), str)
            ]
        if not any(name in line for name in names):
            return []
        return [one for one in matches(line, self._patterns) if one[0] in names]

    def _apply(self, rule: StopRule, value: float) -> None:
        if rule.metric == self._objective:
            # The best one so far counts, not the last.
            better = max if self._maximize else min
            self._best = value if self._best is None else better(self._best, value)
            value = self._best
        if rule.metric in self._steps:
            self._steps[rule.metric] -= 1
            if self._steps[rule.metric] != 0:
                return
        if rule.holds(value):
            self._rules.remove(rule)
