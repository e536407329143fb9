"""Whose an object is, by its labels alone."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.k8s.sessions.ownership import (
    EXPIRES,
    LIFETIME,
    MANAGED_BY,
    MANAGER,
    RUN_ID,
    Ownership,
    has_expired,
    is_ours,
    label_value,
    living,
)

VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")  # as Kubernetes checks it
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


@given(st.text(max_size=100))
def test_any_text_becomes_a_label_value(text: str) -> None:
    value = label_value(text)
    assert VALUE.fullmatch(value)
    assert len(value) <= 63


@given(st.text(max_size=60))
def test_names_are_names_and_never_the_same(purpose: str) -> None:
    owner = Ownership("somebody")
    one, other = owner.name(purpose), owner.name(purpose)
    assert NAME.fullmatch(one)
    assert len(one) <= 40
    assert one != other


@given(st.text(), st.text(min_size=1, alphabet=string.ascii_letters + string.digits))
def test_what_we_make_is_ours(owner: str, run_id: str) -> None:
    labels = Ownership(owner, run_id).labels()
    assert is_ours(labels)
    assert all(VALUE.fullmatch(value) and len(value) <= 63 for value in labels.values())


def test_it_expires_when_its_time_is_over_and_not_before() -> None:
    labels = Ownership("somebody", expires=1000).labels()
    assert not has_expired(labels, now=999.0)
    assert not has_expired(labels, now=1000.0)
    assert has_expired(labels, now=1000.5)


OURS = {MANAGED_BY: MANAGER, RUN_ID: "abc", EXPIRES: "1000"}


@pytest.mark.parametrize(
    "labels",
    [
        None,
        {},
        {EXPIRES: "1000"},
        {MANAGED_BY: MANAGER, EXPIRES: "1000"},
        {RUN_ID: "abc", EXPIRES: "1000"},
        {**OURS, MANAGED_BY: "Helm"},
        {**OURS, MANAGED_BY: "pytest-kubeflow-2"},
        {MANAGED_BY: MANAGER, RUN_ID: "abc"},
        {**OURS, RUN_ID: ""},
        {**OURS, EXPIRES: ""},
        {**OURS, EXPIRES: "soon"},
        {**OURS, EXPIRES: "-5"},
        {**OURS, EXPIRES: "0"},
        {**OURS, EXPIRES: "0001000"},
        {**OURS, EXPIRES: "1000\n"},
        {**OURS, EXPIRES: "1000.5"},
        {**OURS, EXPIRES: "9" * 40},
        {**OURS, EXPIRES: "\N{SUPERSCRIPT TWO}"},
    ],
)
def test_what_is_not_clearly_ours_and_over_stays(labels: dict[str, str] | None) -> None:
    assert not has_expired(labels, now=1e12)
    assert has_expired(OURS, now=1e12)  # the positive control


KEYS = (MANAGED_BY, RUN_ID, EXPIRES, "app", "pytest-kubeflow.io/other")
NOW = 1_800_000_000
TIMES = st.integers(0, 2 * NOW).map(str)
RUNS = st.sampled_from(["abc", "def", ""])
ANY = st.one_of(
    st.none(),
    st.dictionaries(st.sampled_from(KEYS), st.one_of(st.text(max_size=12), TIMES), max_size=5),
    st.fixed_dictionaries({MANAGED_BY: st.just(MANAGER), RUN_ID: RUNS, EXPIRES: TIMES}),
)


@given(st.lists(ANY, max_size=8), st.integers(0, 2 * NOW))
def test_what_may_go_is_ours_is_over_and_its_session_shows_no_life(
    everything: list[dict[str, str] | None], now: int
) -> None:
    """Whatever the labels are, and whatever the clock says."""
    alive = living(everything, now=now)
    for labels in everything:
        if labels is None or not has_expired(labels, now=now) or labels[RUN_ID] in alive:
            continue
        assert labels[MANAGED_BY] == MANAGER
        assert labels[RUN_ID]
        assert labels[EXPIRES].isdecimal()
        same = [one for one in everything if one and one.get(RUN_ID) == labels[RUN_ID]]
        for one in same:
            if one.get(MANAGED_BY) == MANAGER:
                assert one[EXPIRES].isdecimal()
                assert int(one[EXPIRES]) < now


@given(st.integers(-86400 * 400, 86400 * 400), st.integers(-86400 * 400, 86400 * 400))
def test_machines_whose_clocks_differ_agree(one: int, other: int) -> None:
    """Both go by the cluster's clock, from which their own is so far away."""

    def machine(skew: int) -> Ownership:
        local = NOW + skew
        return Ownership("somebody", clock=lambda: local - skew)

    labels = machine(one).labels()
    assert not has_expired(labels, now=machine(other).clock())
    assert has_expired(labels, now=machine(other).clock() + LIFETIME + 1)
