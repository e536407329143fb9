"""Whose an object is, by its labels alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.k8s.ownership import (
    EXPIRES,
    MANAGED_BY,
    MANAGER,
    RUN_ID,
    Ownership,
    has_expired,
    is_ours,
    label_value,
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


@given(st.text(), st.text(min_size=1, alphabet=st.characters(categories=["Lu", "Ll", "Nd"])))
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
        {**OURS, EXPIRES: ""},
        {**OURS, EXPIRES: "soon"},
        {**OURS, EXPIRES: "-5"},
        {**OURS, EXPIRES: "\N{SUPERSCRIPT TWO}"},
    ],
)
def test_what_is_not_clearly_ours_and_over_stays(labels: dict[str, str] | None) -> None:
    assert not has_expired(labels, now=1e12)
    assert has_expired(OURS, now=1e12)  # the positive control
