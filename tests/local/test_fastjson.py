"""JSON between the components, in which nothing gets lost."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.fastjson import decode, encode

NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(st.characters())  # half surrogates too
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text("aé☃\n"), inner)
)


@given(DOCUMENTS)
def test_what_is_sent_arrives(content: Any) -> None:
    assert decode(encode(content)) == content
    assert json.loads(encode(content)) == content


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({1: "a"}, b'{"1":"a"}'),
        ({"n": 2**70}, b'{"n":1180591620717411303424}'),
        (math.nan, b"null"),
    ],
)
def test_what_only_yaml_has(content: Any, text: bytes) -> None:
    assert encode(content) == text


def test_levels_without_end() -> None:
    content: Any = "leaf"
    for _ in range(600):
        content = [content]
    assert encode(content) == b"[" * 600 + b'"leaf"' + b"]" * 600


@pytest.mark.parametrize("text", [b"", b"{", b"{'a': 1}", b"<html>"])
def test_what_is_no_json(text: bytes) -> None:
    with pytest.raises(json.JSONDecodeError):
        decode(text)
