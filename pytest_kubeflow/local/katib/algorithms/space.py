"""The search space of an experiment, as the services of algorithms read it.

Rules: kubeflow/katib v0.19.0, pkg/suggestion/v1beta1/internal/search_space.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
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

    def lattice(self) -> Lattice:
        """All values of one that is listed or has steps. Raises SpaceError, ValueError."""
        if self.is_listed:
            return Lattice(len(self.values), self.values.__getitem__)
        if self.kind == "INT":
            whole = range(int(self.low), int(self.high) + 1, int(self.step or 1))
            return Lattice(_length(whole), lambda at: str(whole[at]))
        if not self.step:
            raise SpaceError(
                f"Param {self.name} step is nil; For discrete search space, all parameters must "
                "include step"
            )
        low, high, step = float(self.low), float(self.high), float(self.step)
        if not step > 0:
            raise SpaceError(f"Param {self.name} step is {self.step}")
        # As numpy's arange to high + step has it, without what is beyond the end.
        count = max(0, math.ceil((high + step - low) / step))
        if count and low + (count - 1) * step > high:
            count -= 1
        return Lattice(count, lambda at: str(low + at * step))


@dataclass(frozen=True, slots=True)
class Lattice:
    """Values that can be counted, of which there may be more than memory holds."""

    size: int
    at: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Points:
    """Each point of a grid, by its number; the last parameter changes first."""

    lattices: tuple[Lattice, ...]

    @classmethod
    def of(cls, parameters: Sequence[Parameter]) -> Points:
        """Raises SpaceError, ValueError, OverflowError."""
        return cls(tuple(one.lattice() for one in parameters))

    @property
    def size(self) -> int:
        return math.prod(one.size for one in self.lattices)

    def at(self, number: int) -> list[str]:
        """The point of this number, which is below `size`."""
        values = []
        for one in reversed(self.lattices):
            number, place = divmod(number, one.size)
            values.append(one.at(place))
        return values[::-1]


def _length(whole: range) -> int:
    # len() knows no more than a machine's word.
    return max(0, -((whole.start - whole.stop) // whole.step))


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
