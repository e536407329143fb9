"""Values of parameters: what protobuf makes of them, and their conversion by type."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.spec.values import TYPES, convert, kind, to_text, whole

numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | st.text() | numbers.filter(lambda n: abs(n) < 1e300)
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


def through_protobuf(value: Any) -> Any:
    message = json_format.ParseDict(value, struct_pb2.Value())
    return json_format.MessageToDict(message)


def doubles(value: Any) -> Any:
    """`value` with each number as a float, at any depth."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return [doubles(one) for one in value]
    if isinstance(value, dict):
        return {key: doubles(one) for key, one in value.items()}
    return value


@given(values)
def test_whole_is_what_protobuf_gives_back(value: Any) -> None:
    assert doubles(whole(value)) == doubles(through_protobuf(value))


@given(values)
def test_whole_numbers_are_integers_and_keys_are_sorted(value: Any) -> None:
    def check(one: Any) -> None:
        if isinstance(one, float):
            assert not one.is_integer() or abs(one) >= 1e21
        if isinstance(one, list):
            for each in one:
                check(each)
        if isinstance(one, dict):
            assert list(one) == sorted(one)
            for each in one.values():
                check(each)

    check(whole(value))
    assert whole(whole(value)) == whole(value)


def test_numbers_lose_what_a_double_cannot_hold() -> None:
    assert whole(3.0) == 3
    assert type(whole(3.0)) is int
    assert type(whole(2**53)) is int
    assert whole(2**53 + 1) == 2**53
    assert whole(1764119872123456789) == whole(1764119872123456789.0) == 1764119872123456800
    assert type(whole(1e20)) is int
    assert type(whole(10**21)) is float
    assert to_text(2**60 + 1) == "1152921504606847000"  # Go's digits: those that tell it apart
    assert whole(True) is True
    with pytest.raises(ValueError, match="out of range"):
        whole([10**400])


@given(values)
def test_texts_are_compact_json(value: Any) -> None:
    text = to_text(value)
    if value is None:
        assert text == ""
    elif isinstance(value, str):
        assert text == value
    elif isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        assert re.fullmatch(r"-?\d+(\.\d+)?", text)
        assert float(text) == float(value)
    else:
        assert json.loads(text) == whole(value)


SAMPLES: dict[str, list[Any]] = {
    "string": ["", "text", "5"],
    "number": [0, 5, 2.5],
    "bool": [True, False],
    "list": [[], [1]],
    "struct": [{}, {"a": 1}],
}


@pytest.mark.parametrize("parameter_type", [one for one in TYPES if one != "STRING"])
def test_values_fit_their_own_type_only(parameter_type: str) -> None:
    fitting = TYPES[parameter_type]
    for actual, samples in SAMPLES.items():
        for sample in samples:
            assert kind(sample) == actual
            if actual == fitting:
                assert convert("x", sample, parameter_type) == sample
                continue
            message = f'input parameter "x" type mismatch: expect {parameter_type}, got {actual}'
            with pytest.raises(ValueError, match=message):
                convert("x", sample, parameter_type)
    with pytest.raises(ValueError, match='got null for input parameter "x"'):
        convert("x", None, parameter_type)


@given(values)
def test_everything_fits_a_string(value: Any) -> None:
    assert convert("x", value, "STRING") == to_text(value)


def test_what_is_no_json_has_no_kind() -> None:
    with pytest.raises(TypeError, match="tuple is no JSON value"):
        kind(())
