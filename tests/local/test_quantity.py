from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.kube.quantity import format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("100m", Fraction(1, 10)),
        ("1.5Gi", 3 * 2**29),
        ("4G", 4 * 10**9),
        ("2e3", 2000),
        ("1E", 10**18),
        ("1E3", 1000),
        (".5", Fraction(1, 2)),
        ("-2Ki", -2048),
        ("500u", Fraction(1, 2000)),
    ],
)
def test_notations(text: str, value: Fraction) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize("text", ["", "1 Gi", "Gi", "1gi", "1K", "1mm", "0x10", "1e", "--1", "1,5"])
def test_malformed_quantities_are_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        parse_quantity(text)


@given(st.integers(0, 10**12), st.sampled_from(["m", "", "k", "Ki", "Mi", "G"]))
def test_order_follows_the_number(number: int, suffix: str) -> None:
    assert parse_quantity(f"{number}{suffix}") < parse_quantity(f"{number + 1}{suffix}")


@given(st.integers(0, 10**15), st.sampled_from(["", "m", "Mi"]))
def test_what_is_written_is_what_was_meant(number: int, like: str) -> None:
    value = Fraction(number, 1000)
    assert parse_quantity(format_quantity(value, like=like)) == value


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [
        (Fraction(0), "1Gi", "0"),
        (Fraction(1), "", "1"),
        (Fraction(1000), "", "1k"),
        (Fraction(1, 2), "", "500m"),
        (Fraction(1536 * 2**20), "1Gi", "1536Mi"),
        (Fraction(2**30), "2Gi", "1Gi"),
        (Fraction(512), "2Gi", "512"),
        (Fraction(1500, 1), "", "1500"),
    ],
)
def test_the_shortest_way_is_taken(value: Fraction, like: str, text: str) -> None:
    assert format_quantity(value, like=like) == text
