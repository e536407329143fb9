"""Conditions and selectors, as the SDK writes them and as CEL has them."""

from __future__ import annotations

import json
from typing import Any

import cel  # noqa: F401 once, before anything is timed
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.driver.inputs.expression import holds, select
from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError, Values

INPUTS = Values(
    {"text": "heads", "n": 3, "ratio": 0.5, "flag": True, "items": [1, {"a": 2}], "map": {"k": "v"}}
)


def p(name: str) -> str:
    return f"inputs.parameter_values['{name}']"


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        (f"{p('text')} == 'heads'", True),
        (f"!({p('text')} == 'heads')", False),
        (f"int({p('n')}) == 3", True),
        (f"int({p('n')}) > 3 || {p('flag')} == true", True),
        (f"{p('n')} == 3", True),  # an integer and a double of the same value
        (f"{p('ratio')} < 1.0 && {p('ratio')} >= 0.5", True),
        (f"{p('map')}['k'] == 'v'", True),
        (f"{p('items')}[1]['a'] == 2", True),
        (f"'h' in ['h', {p('text')}]", True),
        ("'größe' != 'grosse'", True),
    ],
)
def test_conditions(condition: str, answer: bool) -> None:
    assert holds(condition, INPUTS) is answer


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        (f"{p('gone')} == 'x'", "no such key: gone"),
        (f"{p('text')} > 2", "evaluation error"),
        ("1 +", "evaluation error"),
        ("'text'", "return type is not bool"),
        ("nothing == 1", "evaluation error"),
    ],
)
def test_conditions_without_an_answer(condition: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        holds(condition, INPUTS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(JSON)
def test_a_part_of_a_struct_is_selected_whole(value: Any) -> None:
    struct = {"a": value, "b": 1}
    selector = 'parseJson(string_value)["a"]'
    assert select(struct, selector) == value
    assert select(json.dumps(struct), selector) == value


def test_a_part_that_is_not_there() -> None:
    with pytest.raises(TaskError, match="no such key: b"):
        select({"a": 1}, 'parseJson(string_value)["b"]')


@given(st.text(), st.text())
def test_texts_are_compared_as_they_are(one: str, other: str) -> None:
    values = Values({"one": one, "other": other})
    assert holds(f"{p('one')} == {p('other')}", values) is (one == other)
