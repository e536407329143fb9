"""Filters of lists, against a plain reading of what they say."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.api.errors import RequestError
from pytest_kubeflow.local.pipelines.api.filters import parse_filter


@dataclass
class Thing:
    name: str = ""
    size: int | None = None
    made: datetime = datetime(2024, 1, 2, 3, 4, 5, 600_000, UTC)
    ended_at: datetime | None = None


FIELDS = {"name": "name", "size": "size", "made": "made", "ended_at": "ended_at"}
OPERATIONS: dict[str, tuple[int, Callable[[Any, Any], bool]]] = {
    "EQUALS": (1, operator.eq),
    "NOT_EQUALS": (2, operator.ne),
    "GREATER_THAN": (3, operator.gt),
    "GREATER_THAN_EQUALS": (5, operator.ge),
    "LESS_THAN": (6, operator.lt),
    "LESS_THAN_EQUALS": (7, operator.le),
}


def holds(thing: Thing, *rules: dict[str, Any]) -> bool:
    predicates = parse_filter(quote(json.dumps({"predicates": list(rules)})), FIELDS)
    return all(one.holds(thing) for one in predicates)


@given(st.sampled_from(list(OPERATIONS)), st.integers(-5, 5), st.integers(-5, 5), st.booleans())
def test_numbers_compare(operation: str, actual: int, wanted: int, as_text: bool) -> None:
    number, compare = OPERATIONS[operation]
    # protobuf's JSON writes 64-bit integers as strings, and reads both.
    value = str(wanted) if as_text else wanted
    for spelling in (operation, number):
        for field in ("int_value", "longValue", "long_value"):
            rule = {"key": "size", "operation": spelling, field: value}
            assert holds(Thing(size=actual), rule) == compare(actual, wanted)


# The database regards no accents either, and a combining one has its own place.
PLAIN = st.text(st.characters(codec="ascii"), max_size=3)


@given(PLAIN, PLAIN)
def test_substrings_have_no_case(actual: str, wanted: str) -> None:
    rule = {"key": "name", "operation": "IS_SUBSTRING", "string_value": wanted}
    assert holds(Thing(actual), rule) == (wanted.casefold() in actual.casefold())


@given(st.integers(0, 5), st.lists(st.integers(0, 5)))
def test_one_of_many_is_enough(actual: int, wanted: list[int]) -> None:
    rule = {"key": "size", "operation": "IN", "int_values": {"values": wanted}}
    assert holds(Thing(size=actual), rule) == (actual in wanted)


def test_all_predicates_must_hold() -> None:
    small = {"key": "size", "operation": "LESS_THAN", "int_value": 5}
    named = {"key": "name", "operation": "EQUALS", "string_value": "a"}
    assert holds(Thing("a", 1), small, named)
    assert not holds(Thing("b", 1), small, named)
    assert not holds(Thing("a", 9), small, named)
    assert holds(Thing("a", 9))


def test_times_are_compared_in_seconds() -> None:
    rule = {"key": "made", "operation": "EQUALS"}
    for text in ("2024-01-02T03:04:05Z", "2024-01-02T04:04:05+01:00", "2024-01-02T03:04:05.9Z"):
        assert holds(Thing(), rule | {"timestamp_value": text})
    assert not holds(Thing(), rule | {"timestamp_value": "2024-01-02T03:04:06Z"})


def test_times_are_numbers_too() -> None:
    seconds = int(Thing().made.timestamp())
    assert holds(Thing(), {"key": "made", "operation": "EQUALS", "long_value": seconds})
    assert holds(Thing(), {"key": "made", "operation": "GREATER_THAN", "long_value": seconds - 1})
    assert not holds(Thing(), {"key": "made", "operation": "GREATER_THAN", "int_value": seconds})
    within = {"key": "made", "operation": "IN", "long_values": {"values": [seconds]}}
    assert holds(Thing(), within)
    never = {"key": "ended_at", "operation": "EQUALS", "int_value": 0}
    assert holds(Thing(), never)
    assert not holds(Thing(ended_at=Thing().made), never)


@pytest.mark.parametrize("encode", [str, quote, quote_plus])
def test_a_filter_may_be_encoded(encode: Callable[[str], str]) -> None:
    rule = {"key": "name", "operation": "EQUALS", "string_value": "a ö"}
    text = encode(json.dumps({"predicates": [rule]}, ensure_ascii=False))
    (predicate,) = parse_filter(text, FIELDS)
    assert predicate.holds(Thing("a ö"))


def test_equal_filters_are_equal_in_any_words() -> None:
    named = {"key": "name", "operation": "EQUALS", "stringValue": "a"}
    sized = {"key": "size", "operation": 3, "int_value": 1}
    one = json.dumps({"predicates": [named, sized]})
    other = """{"predicates": [
        {"int_value": "1", "operation": "GREATER_THAN", "key": "size"},
        {"string_value": "a", "operation": 1, "key": "name"}]}"""
    assert parse_filter(one, FIELDS) == parse_filter(other, FIELDS)
    assert parse_filter(one, FIELDS) != parse_filter(one.replace("1", "2"), FIELDS)


def test_what_has_no_value_equals_nothing() -> None:
    rule = {"key": "size", "int_value": 0}
    assert not holds(Thing(), rule | {"operation": "EQUALS"})
    assert not holds(Thing(), rule | {"operation": "LESS_THAN"})
    assert holds(Thing(), rule | {"operation": "NOT_EQUALS"})


@pytest.mark.parametrize(
    "rule",
    [
        {"key": "size"},
        {"key": "size", "operation": "EQUALS"},
        {"key": "size", "operation": "LIKE", "int_value": 1},
        {"key": "size", "operation": 4, "int_value": 1},
        {"key": "size", "operation": "EQUALS", "int_value": 1, "long_value": 1},
        {"key": "size", "operation": "EQUALS", "int_value": "one"},
        {"key": "size", "operation": "EQUALS", "int_value": True},
        {"key": "size", "operation": "EQUALS", "int_value": 1.5},
        {"key": "size", "operation": "EQUALS", "int_values": {"values": [1]}},
        {"key": "size", "operation": "EQUALS", "colour": 1},
        {"key": "colour", "operation": "EQUALS", "int_value": 1},
        {"key": ["size"], "operation": "EQUALS", "int_value": 1},
        {"key": "size", "operation": ["EQUALS"], "int_value": 1},
        {"key": "name", "operation": "EQUALS", "string_value": 1},
        {"key": "name", "operation": "IS_SUBSTRING", "string_values": {"values": ["a"]}},
        {"key": "name", "operation": "IN", "string_value": "a"},
        {"key": "name", "operation": "IN", "string_values": {"values": 5}},
        {"key": "name", "operation": "IN", "string_values": "ab"},
        {"key": "made", "operation": "EQUALS", "timestamp_value": "yesterday"},
        {"key": "made", "operation": "EQUALS", "timestamp_value": 5},
        {"key": "made", "operation": "EQUALS", "timestamp_value": "2024-01-02T03:04:05"},
        "size = 1",
    ],
)
def test_what_says_nothing_is_refused(rule: Any) -> None:
    with pytest.raises(RequestError) as caught:
        parse_filter(json.dumps({"predicates": [rule]}), FIELDS)
    assert caught.value.code.http_status == 400


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "5", '{"colour": 1}', '{"predicates": {}}', "{}%", "{}%f", '"%ff"', "[" * 3000],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="failed to parse valid filter"):
        parse_filter(text, FIELDS)


def test_no_filter_lets_everything_through() -> None:
    assert parse_filter("", FIELDS) == []
    assert parse_filter("{}", FIELDS) == []
