"""Excerpts are redacted, bounded, and the value itself where it is small."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.errors import Evidence, NotFound
from pytest_kubeflow.redaction import MASK, Redactor
from pytest_kubeflow.reporting.records.excerpts import Excerpts, as_text, reason

SECRET = "ZYXWVUTSRQPONMLK"  # no letter of it occurs elsewhere here

# All of Unicode, with surrogates that stand alone.
TEXTS = st.text(st.characters(exclude_categories=()))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


def redact(text: str) -> str:
    redactor = Redactor()
    redactor.add(SECRET)
    return redactor.redact(text)


@given(values=st.lists(VALUES, max_size=10), limit=st.integers(0, 50), total=st.integers(0, 100))
def test_all_together_stay_in_bounds(values: list[Any], limit: int, total: int) -> None:
    excerpts = Excerpts(redact, limit=limit, total=total)
    note = len("… (1000000 characters)")
    taken = [as_text(excerpts.value(value)) for value in values]
    assert all(len(text) <= limit + note for text in taken)
    assert sum(map(len, taken)) <= total + note * len(taken)


@given(value=VALUES)
def test_what_is_taken_can_be_written_anywhere(value: Any) -> None:
    taken = as_text(Excerpts(redact).value(value))
    assert taken.encode().decode() == taken


@pytest.mark.parametrize(
    "value", [5.0, 5, True, None, "", "text", [1, "two", {"three": 3}], {"größe": [None]}]
)
def test_small_values_are_themselves(value: object) -> None:
    taken = Excerpts(redact).value(value)
    assert json.dumps(taken) == json.dumps(value)


@given(before=st.integers(0, 60), limit=st.integers(0, 60))
def test_the_cut_leaves_no_part_of_a_secret(before: int, limit: int) -> None:
    excerpts = Excerpts(redact, limit=limit)
    for value in ("a" * before + SECRET, ["a" * before + SECRET], {SECRET: "a" * before}):
        assert not set(SECRET) & set(as_text(excerpts.value(value)))


def test_long_values_tell_their_length() -> None:
    assert Excerpts(redact, limit=4).value("abcdefgh") == "abcd… (8 characters)"
    assert Excerpts(redact, limit=4).value([1, 2, 3]) == "[1, … (9 characters)"


def test_secrets_in_keys_and_numbers_are_masked() -> None:
    assert Excerpts(redact).value({SECRET: [SECRET]}) == {MASK: [MASK]}
    redactor = Redactor()
    redactor.add("12345678")
    assert Excerpts(redactor.redact).value([12345678]) == f"[{MASK}]"


def test_reasons_are_one_line_without_evidence() -> None:
    error = NotFound("no run\nhere", evidence=Evidence("run x", (("state", "FAILED"),)))
    assert reason(error) == "no run here"
    assert reason(ValueError()) == "ValueError"
    assert len(reason(ValueError("long " * 200))) <= 301
