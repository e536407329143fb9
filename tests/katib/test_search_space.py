"""Search spaces: what Katib is told, which values are of them, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.katib.search_space import (
    CategoricalParameter,
    DiscreteParameter,
    DoubleParameter,
    IntParameter,
    SearchParameter,
    parameter_of,
    space_of,
)

NUMBERS = some.floats(-1e6, 1e6, allow_nan=False)
WHOLE = some.integers(-1000, 1000)


def told(parameter: SearchParameter) -> dict[str, Any]:
    """As one of the parameters of an Experiment."""
    return {
        "name": "x",
        "parameterType": parameter.type_name,
        "feasibleSpace": parameter.feasible_space,
    }


@given(some.tuples(NUMBERS, NUMBERS).map(sorted), some.floats(0, 1))
def test_doubles_come_back_as_they_were(bounds: list[float], share: float) -> None:
    low, high = bounds
    parameter = DoubleParameter(low, high)
    assert all(isinstance(one, str) for one in parameter.feasible_space.values())
    assert parameter_of(told(parameter)) == parameter
    inside = low + share * (high - low)
    assert parameter.contains(parameter.parse(repr(inside)))
    beyond = high + 1 + abs(high) * 0.01
    assert not parameter.contains(beyond)


@given(some.tuples(WHOLE, WHOLE).map(sorted), some.integers(1, 9), WHOLE)
def test_ints_come_back_as_they_were(bounds: list[int], step: int, value: int) -> None:
    low, high = bounds
    parameter = IntParameter(low, high, step)
    assert parameter_of(told(parameter)) == parameter
    assert parameter.contains(value) == (low <= value <= high)
    assert parameter.size == len(range(low, high + 1, step))


@given(some.lists(some.text(min_size=1), min_size=1, unique=True))
def test_words_come_back_as_they_were(words: list[str]) -> None:
    parameter = CategoricalParameter(tuple(words))
    assert parameter_of(told(parameter)) == parameter
    assert all(parameter.contains(word) for word in words)
    assert not parameter.contains("".join(words) + "x")


@given(some.lists(NUMBERS.filter(lambda one: one != 0), min_size=1, unique=True))
def test_discrete_numbers_come_back_as_they_were(numbers: list[float]) -> None:
    parameter = DiscreteParameter(tuple(numbers))
    found = parameter_of(told(parameter))
    assert all(found.contains(found.parse(repr(one))) for one in numbers)


def test_types() -> None:
    assert not IntParameter(1, 3).contains(True)
    assert not IntParameter(1, 3).contains(2.0)
    with pytest.raises(ValueError, match=r"2\.0"):
        IntParameter(1, 3).parse("2.0")
    with pytest.raises(ValueError, match="nan"):
        DoubleParameter(1, 3).parse("nan")
    assert not DoubleParameter(1, 3).contains("2")
    grid = DoubleParameter(0.01, 0.03, step=0.01)
    assert grid.feasible_space == {"min": "0.01", "max": "0.03", "step": "0.01"}
    assert (grid.size, DoubleParameter(0, 1).size) == (3, None)
    log = DoubleParameter(1e-5, 1, distribution="logUniform")
    assert log.feasible_space == {"min": "1e-05", "max": "1", "distribution": "logUniform"}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DoubleParameter(2, 1), "a parameter from 2 to 1 has no values: swap them"),
        (lambda: DoubleParameter(0, float("inf")), "these must be numbers"),
        (lambda: DoubleParameter(0, 1, step=0), "the step of a parameter is above 0, not 0"),
        (lambda: DoubleParameter(0, 1, distribution="log"), "'log' is no distribution"),
        (lambda: IntParameter(3, 2), "has no values"),
        (lambda: CategoricalParameter(()), "a parameter has a list of values, not ()"),
        (lambda: CategoricalParameter("adam"), "a parameter has a list of values, not 'adam'"),  # type: ignore[arg-type]
        (lambda: DiscreteParameter((1.0, 1.0)), "a parameter has each value once"),
        (
            lambda: parameter_of({"name": "x", "parameterType": "double", "feasibleSpace": {}}),
            "the parameter 'x' has no readable feasibleSpace: {}",
        ),
        (
            lambda: parameter_of({"name": "x", "parameterType": "float"}),
            "the parameter 'x' is of the type 'float'; valid: double, int, categorical, discrete",
        ),
        (
            lambda: parameter_of(
                {"name": "x", "parameterType": "int", "feasibleSpace": {"min": "a", "max": "3"}}
            ),
            "no readable feasibleSpace",
        ),
    ],
)
def test_what_is_none(make: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make()
    assert words in refused.value.message
    assert "\n" not in refused.value.message


def test_spaces_of_experiments() -> None:
    assert space_of({}) == {}
    found = space_of({"spec": {"parameters": [{**told(IntParameter(1, 2)), "name": "layers"}]}})
    assert found == {"layers": IntParameter(1, 2)}
