"""Quantities: what the API server takes is read exactly, what it refuses is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.quantity import (
    millicpus,
    parse_quantity,
    show_bytes,
    show_cpus,
    whole,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("500m", Fraction(1, 2)),
        ("0.1", Fraction(1, 10)),
        (".5", Fraction(1, 2)),
        ("5.", 5),
        ("1k", 1000),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("2M", 2_000_000),
        ("1e3", 1000),
        ("12E2", 1200),
        ("1E", 10**18),
        ("1e-3", Fraction(1, 1000)),
        ("250n", Fraction(1, 4_000_000)),
        ("+7", 7),
        ("-1", -1),
        ("0", 0),
    ],
)
def test_value(text: str, value: Fraction | int) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1 Gi",
        "Gi",
        "1gi",
        "1GiB",
        "1mi",
        "0x10",
        "1e",
        "1e1.5",
        "1,5",
        "--1",
        "\u0661",
    ],
)
def test_what_is_none_says_what_is_valid(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no quantity; valid: a number, perhaps"):
        parse_quantity(text)


def test_the_capital_k_is_explained() -> None:
    with pytest.raises(ValueError, match=r"small k \(1000\), or Ki \(1024\)"):
        parse_quantity("300000K")


@given(st.integers(0, 10**9), st.sampled_from(["", "k", "M", "G", "Ki", "Mi", "Gi"]))
def test_whole_numbers_stay_exact(number: int, suffix: str) -> None:
    unit = whole(f"1{suffix}")
    assert whole(f"{number}{suffix}") == number * unit


@given(st.integers(0, 10**12))
def test_thousandths_round_up(nano: int) -> None:
    assert millicpus(f"{nano}n") == -(-nano // 10**6)


def test_for_people() -> None:
    assert [show_bytes(one) for one in (0, 1023, 1024, 1536 * 2**20, 2**50)] == [
        "0 B",
        "1023 B",
        "1 KiB",
        "1.5 GiB",
        "1024.0 TiB",
    ]
    assert (show_cpus(2000), show_cpus(250)) == ("2", "0.25")
