"""Indexes of Jobs: laws of the intervals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.controllers.job.indexes import Indexes

MOST = 40
SETS = st.sets(st.integers(0, MOST - 1))


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((), ""),
        ((3,), "3"),
        ((3, 4), "3,4"),
        ((0, 1, 2), "0-2"),
        ((0, 2, 3, 4, 5, 7), "0,2-5,7"),
    ],
)
def test_written_as_kubernetes_writes_them(numbers: tuple[int, ...], text: str) -> None:
    assert str(Indexes.of(numbers)) == text


@pytest.mark.parametrize("text", ["x", "1-x", "-3", ",", "1--2"])
def test_what_is_no_interval_is_left_out(text: str) -> None:
    assert set(Indexes.parse(f"{text},5", 10)) <= {1, 5}


@given(SETS)
def test_reading_gives_back_what_was_written(numbers: set[int]) -> None:
    indexes = Indexes.of(numbers)
    assert Indexes.parse(str(indexes), MOST) == indexes
    assert list(indexes) == sorted(numbers)
    assert len(indexes) == len(numbers)


@given(SETS, SETS)
def test_together_they_have_what_either_has(left: set[int], right: set[int]) -> None:
    assert Indexes.of(left) | Indexes.of(right) == Indexes.of(left | right)


@given(SETS, st.integers(0, MOST))
def test_more_than_the_completions_are_not_read(numbers: set[int], completions: int) -> None:
    read = Indexes.parse(str(Indexes.of(numbers)), completions)
    assert set(read) == {one for one in numbers if one < completions}


@given(SETS, st.integers(0, MOST), st.integers(0, MOST))
def test_the_lowest_missing_ones_come_first(numbers: set[int], completions: int, most: int) -> None:
    missing = [one for one in range(completions) if one not in numbers]
    assert Indexes.of(numbers).missing(completions, most) == missing[:most]


@given(SETS, st.integers(0, MOST))
def test_it_is_known_what_is_among_them(numbers: set[int], number: int) -> None:
    assert (number in Indexes.of(numbers)) is (number in numbers)
