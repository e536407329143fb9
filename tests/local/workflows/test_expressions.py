"""Expressions as Argo's two languages have them: expr-lang in tags, govaluate in `when`."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError
from pytest_kubeflow.local.workflows.expressions.evaluation import evaluate, nested
from pytest_kubeflow.local.workflows.expressions.when import holds

KNOWN = {"count": "3", "tasks": {"a": {"outputs": {"result": '{"x": [1, 2]}'}}}, "list": [3, 1, 2]}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("asInt(count) * 2", 6),
        ("asInt(count) / 2", 1.5),
        ("asFloat(count) + 0.5", 3.5),
        ("count + '!'", "3!"),
        ("2 ** 3 ** 0", 2.0),
        ("1 in list && !(7 in list)", True),
        ("filter(list, # > 1)", [3, 2]),
        ("map(list, {# * 10})", [30, 10, 20]),
        ("all(list, # > 0) ? 'yes' : 'no'", "yes"),
        ("tasks.a.outputs['result']", '{"x": [1, 2]}'),
        ("jsonpath(tasks.a.outputs.result, '$.x[1]')", 2),
        ("tasks.a.nothing?.more ?? 'none'", "none"),
        ("sprig.upper('abc')", "ABC"),
        ("string(1.0)", "1"),
        ("toJson(list)", "[3,1,2]"),
        ("[1, 2, 3][1:]", [2, 3]),
        ("'a' matches '^[ab]$'", True),
        ("not (1 > 2) and 'abc' contains 'b'", True),
        ("7 % 4", 3),
        ("-2 ** 2", -4.0),
    ],
)
def test_values(expression: str, value: Any) -> None:
    found = evaluate(expression, KNOWN)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 +", "unexpected token EOF"),
        ("nothing", "unknown name nothing"),
        ("asInt('x')", "asInt: "),
        ("1 + 'a'", "invalid operation: + (mismatched types int and string)"),
        ("list[9]", "index out of range"),
    ],
)
def test_complaints(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as failed:
        evaluate(expression, KNOWN)
    assert message in str(failed.value)


@pytest.mark.parametrize(
    ("when", "value"),
    [
        ("", True),
        ("3 > 2", True),
        ("heads == heads", True),
        ("heads == 'tails'", False),
        ("12 < 9", False),
        ("true && !false", True),
        ("'a b' == \"a b\"", True),
        ("1 in (1, 2)", True),
        ("abc =~ '^a'", True),
        ("(1 == 2) || (2 == 2)", True),
        ("10 % 4 == 2", True),
    ],
)
def test_conditions(when: str, value: bool) -> None:
    assert holds(when) is value


@pytest.mark.parametrize(
    ("when", "message"),
    [
        (
            "1 =",
            "Invalid 'when' expression '1 =': Invalid token: '=' (hint: try wrapping the affected "
            'expression in quotes ("))',
        ),
        (
            "1 == 1 && nope",
            "Failed to evaluate 'when' expresion '1 == 1 && nope': Value 'nope' cannot be used "
            "with the logical operator '&&', it is not a bool",
        ),
        ("1 + 1", "Expected boolean evaluation for '1 + 1'. Got 2"),
    ],
)
def test_complaints_about_conditions(when: str, message: str) -> None:
    """The words are those that the real controller was seen to use."""
    with pytest.raises(ExpressionError) as failed:
        holds(when)
    assert str(failed.value) == message


@given(st.text(max_size=40))
def test_any_text_has_a_value_or_a_complaint(text: str) -> None:
    for read in (lambda: evaluate(text, KNOWN), lambda: holds(text)):
        with contextlib.suppress(ExpressionError):
            read()


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_numbers(left: int, right: int) -> None:
    assert evaluate(f"({left}) + ({right})", {}) == left + right
    assert evaluate(f"({left}) * ({right}) - {right}", {}) == left * right - right
    assert evaluate(f"({left}) < ({right})", {}) is (left < right)
    assert holds(f"{left} < {right}") is (left < right)


def test_names_with_dots_are_objects() -> None:
    assert nested({"a.b": 1, "a.c.d": 2, "e": 3}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
