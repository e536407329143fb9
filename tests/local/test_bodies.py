"""Bodies of anybody: read as Go reads them, and no further than a server can take."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.bodies import MOST_LEVELS, parse_json, parse_yaml

BOMB = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"\n".join(
    b"%c: &%c [%s]" % (at + 1, at + 1, b", ".join([b"*%c" % at] * 10))
    for at in range(ord("a"), ord("i"))
)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists))
def test_json_is_read(content: Any) -> None:
    assert parse_json(json.dumps(content).encode()) == content


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (rb'{"a": "\ud800"}', {"a": "�"}),
        (rb'{"\udfff": "\ud83d\ude00"}', {"�": "\U0001f600"}),
        (rb'["\\ud800", "\\\ud800"]', ["\\ud800", "\\�"]),
        (b'["\xff"]', ["�"]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"[1e22, 18446744073709551616]", [1e22, 18446744073709551616.0]),
        (b"[" * MOST_LEVELS + b"]" * MOST_LEVELS, None),
    ],
)
def test_what_is_taken(body: bytes, content: Any) -> None:
    found = parse_json(body)
    assert content is None or found == content


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{",
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e400]",
        b"[" + b"9" * 5000 + b"]",
        b"[" * (MOST_LEVELS + 1) + b"]" * (MOST_LEVELS + 1),
        b'{"a":' * 1000 + b"1" + b"}" * 1000,
        b"[" * 100_000,
        b"{} {}",
        b"\xef\xbb\xbf{}",
        b"{'a': 1}",
        b"/* */ {}",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(body)


def test_yaml_is_json() -> None:
    body = b"{a: 2001-01-01, 1: [yes, null], b: &x {c: d}, e: *x}"
    assert parse_yaml(body) == {
        "a": "2001-01-01",
        "1": [True, None],
        "b": {"c": "d"},
        "e": {"c": "d"},
    }


@pytest.mark.parametrize(
    "body",
    [
        b"a: [",
        b"a: .nan",
        b"a: !!binary aGk=",
        b"a: !!set {x}",
        b"!!python/object/apply:os.system [id]",
        b"a: &a [*a]",
        BOMB,
        b"[" * 5000 + b"]" * 5000,
        b"- " * 5000 + b"x",
        b"? [a]\n: b",
        b"\x00",
        b"\xff\xfe\xfd",
        b"--- 1\n--- 2",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_yaml(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_yaml(body)
