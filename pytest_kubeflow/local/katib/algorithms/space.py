"""The search space of an experiment, as the services of algorithms read it.

Rules: kubeflow/katib v0.19.0, pkg/suggestion/v1beta1/internal/search_space.py.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.katib.messages import ENUMS


class SpaceError(Exception):
    """A space that cannot be searched in this way; the message is Katib's."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """`kind` is INT, DOUBLE, DISCRETE or CATEGORICAL; amounts are as they are written."""

    name: str
    kind: str
    low: str
    high: str
    step: str
    values: tuple[str, ...]
    distribution: str

    @property
    def is_listed(self) -> bool:
        return self.kind in {"DISCRETE", "CATEGORICAL"}

    def text(self, value: float) -> str:
        """A value as a trial gets it."""
        return str(int(value)) if self.kind == "INT" else str(float(value))

    def lattice(self) -> list[str]:
        """All values of one that is listed or has steps. Raises SpaceError, ValueError."""
        if self.is_listed:
            return list(self.values)
        if self.kind == "INT":
            return [
                str(one) for one in range(int(self.low), int(self.high) + 1, int(self.step or 1))
            ]
        if not self.step:
            raise SpaceError(
                f"Param {self.name} step is nil; For discrete search space, all parameters must "
                "include step"
            )
        low, high, step = float(self.low), float(self.high), float(self.step)
        if step <= 0:
            raise SpaceError(f"Param {self.name} step is {self.step}")
        # As numpy's arange to high + step has it, without what is beyond the end.
        count = math.ceil((high + step - low) / step)
        values = [low + number * step for number in range(count)]
        return [str(one) for one in values if one <= high]


def parameters_of(experiment: Any) -> list[Parameter]:
    """Those of an experiment's message."""
    return [
        Parameter(
            one.name,
            ENUMS["ParameterType"][one.parameter_type],
            one.feasible_space.min,
            one.feasible_space.max,
            one.feasible_space.step,
            tuple(one.feasible_space.list),
            ENUMS["Distribution"][one.feasible_space.distribution],
        )
        for one in experiment.spec.parameter_specs.parameters
    ]


def points(parameters: Sequence[Parameter]) -> list[tuple[str, ...]]:
    """Each point of a grid. Raises SpaceError, ValueError."""
    return list(itertools.product(*(one.lattice() for one in parameters)))
