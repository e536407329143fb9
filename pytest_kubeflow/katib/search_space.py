"""The parameters of a search space: what Katib is told of each, and which values are of it.

All numbers of a `feasibleSpace` are strings, and so are all values that trials are given
(katib pkg/apis/controller/experiments/v1beta1/experiment_types.go).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import ConfigurationError

DISTRIBUTIONS = ("uniform", "logUniform", "normal", "logNormal")
_ROOM = 1e-9
"""By how much of its size a value may be outside for the sake of rounding."""


class SearchParameter(ABC):
    """One parameter: its type in Katib's words, and its values."""

    __slots__ = ()
    type_name: str

    @property
    @abstractmethod
    def feasible_space(self) -> dict[str, Any]:
        """As Katib takes it."""

    @abstractmethod
    def parse(self, text: str) -> Any:
        """The value of an assignment. Raises ValueError for what is not of its type."""

    @abstractmethod
    def contains(self, value: object) -> bool:
        """Whether a value is of this parameter."""

    @property
    @abstractmethod
    def size(self) -> int | None:
        """How many values it has; None if there is no end of them."""


@dataclass(frozen=True, slots=True)
class DoubleParameter(SearchParameter):
    """A real number from `low` to `high`; with `step`, only those that many steps from `low`.

    `distribution` is one of Katib's (0.19): uniform, logUniform, normal, logNormal.
    """

    low: float
    high: float
    step: float | None = None
    distribution: str | None = None

    type_name = "double"

    def __post_init__(self) -> None:
        _check_range(self.low, self.high, self.step)
        if self.distribution is not None and self.distribution not in DISTRIBUTIONS:
            raise ConfigurationError(
                f"{self.distribution!r} is no distribution of a parameter; "
                f"valid: {', '.join(DISTRIBUTIONS)}"
            )

    @property
    def feasible_space(self) -> dict[str, Any]:
        """As Katib takes it."""
        space = _range(self.low, self.high, self.step)
        return space if self.distribution is None else {**space, "distribution": self.distribution}

    def parse(self, text: str) -> float:
        """The value of an assignment. Raises ValueError for what is no finite number."""
        return _number(text)

    def contains(self, value: object) -> bool:
        """Whether a value is of this parameter; Katib itself does not keep to steps at random."""
        return isinstance(value, float) and _is_within(value, self.low, self.high)

    @property
    def size(self) -> int | None:
        """How many values it has; None if there is no end of them."""
        return None if self.step is None else _steps(self.low, self.high, self.step)


@dataclass(frozen=True, slots=True)
class IntParameter(SearchParameter):
    """A whole number from `low` to `high`, both of them included."""

    low: int
    high: int
    step: int | None = None

    type_name = "int"

    def __post_init__(self) -> None:
        _check_range(self.low, self.high, self.step)

    @property
    def feasible_space(self) -> dict[str, Any]:
        """As Katib takes it."""
        return _range(self.low, self.high, self.step)

    def parse(self, text: str) -> int:
        """The value of an assignment. Raises ValueError for 2.0: that is no int for a program."""
        return int(text)

    def contains(self, value: object) -> bool:
        """Whether a value is of this parameter."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole and self.low <= value <= self.high  # type: ignore[operator]

    @property
    def size(self) -> int:
        """How many values it has."""
        return _steps(self.low, self.high, self.step or 1)


@dataclass(frozen=True, slots=True)
class CategoricalParameter(SearchParameter):
    """One of these words."""

    values: tuple[str, ...]

    type_name = "categorical"

    def __post_init__(self) -> None:
        _check_list(self.values)

    @property
    def feasible_space(self) -> dict[str, Any]:
        """As Katib takes it."""
        return {"list": list(self.values)}

    def parse(self, text: str) -> str:
        """The value of an assignment."""
        return text

    def contains(self, value: object) -> bool:
        """Whether a value is of this parameter."""
        return value in self.values

    @property
    def size(self) -> int:
        """How many values it has."""
        return len(self.values)


@dataclass(frozen=True, slots=True)
class DiscreteParameter(SearchParameter):
    """One of these numbers."""

    values: tuple[float, ...]

    type_name = "discrete"

    def __post_init__(self) -> None:
        _check_list(self.values)

    @property
    def feasible_space(self) -> dict[str, Any]:
        """As Katib takes it."""
        return {"list": [_text(value) for value in self.values]}

    def parse(self, text: str) -> float:
        """The value of an assignment. Raises ValueError for what is no finite number."""
        return _number(text)

    def contains(self, value: object) -> bool:
        """Whether a value is of this parameter."""
        return isinstance(value, float) and any(
            math.isclose(value, one, rel_tol=_ROOM) for one in self.values
        )

    @property
    def size(self) -> int:
        """How many values it has."""
        return len(self.values)


def parameter_of(spec: Mapping[str, Any]) -> SearchParameter:
    """One of the `parameters` of an Experiment. Raises ConfigurationError for what is none."""
    name, kind = spec.get("name"), spec.get("parameterType")
    space = spec.get("feasibleSpace") or {}
    try:
        if kind == "double":
            step = space.get("step")
            return DoubleParameter(
                float(space["min"]),
                float(space["max"]),
                float(step) if step else None,
                space.get("distribution") or None,
            )
        if kind == "int":
            step = space.get("step")
            return IntParameter(int(space["min"]), int(space["max"]), int(step) if step else None)
        if kind == "categorical":
            return CategoricalParameter(tuple(map(str, space["list"])))
        if kind == "discrete":
            return DiscreteParameter(tuple(map(float, space["list"])))
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"the parameter {name!r} has no readable feasibleSpace: {space} ({error})"
        ) from error
    raise ConfigurationError(
        f"the parameter {name!r} is of the type {kind!r}; valid: double, int, categorical, discrete"
    )


def space_of(experiment: Mapping[str, Any]) -> dict[str, SearchParameter]:
    """The search space of an Experiment, by the names of its parameters."""
    parameters = (experiment.get("spec") or {}).get("parameters") or ()
    return {str(one.get("name")): parameter_of(one) for one in parameters}


def _check_range(low: float, high: float, step: float | None) -> None:
    numbers = [low, high, *(() if step is None else (step,))]
    if not all(map(math.isfinite, numbers)):
        raise ConfigurationError(f"a parameter is from {low} to {high}: these must be numbers")
    if low > high:
        raise ConfigurationError(f"a parameter from {low} to {high} has no values: swap them")
    if step is not None and step <= 0:
        raise ConfigurationError(f"the step of a parameter is above 0, not {step}")


def _check_list(values: tuple[object, ...]) -> None:
    if isinstance(values, str) or not values:
        raise ConfigurationError(f"a parameter has a list of values, not {values!r}")
    if len(set(values)) != len(values):
        raise ConfigurationError(f"a parameter has each value once, not as in {values!r}")


def _range(low: float, high: float, step: float | None) -> dict[str, Any]:
    space = {"min": _text(low), "max": _text(high)}
    return space if step is None else {**space, "step": _text(step)}


def _text(value: float) -> str:
    return repr(value) if isinstance(value, float) and not value.is_integer() else f"{value:g}"


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is no finite number")
    return value


def _is_within(value: float, low: float, high: float) -> bool:
    room = _ROOM * max(abs(low), abs(high))
    return low - room <= value <= high + room


def _steps(low: float, high: float, step: float) -> int:
    return math.floor((high - low) / step + _ROOM) + 1
