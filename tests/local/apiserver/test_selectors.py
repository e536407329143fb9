from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.apiserver.errors import StatusError
from pytest_kubeflow.local.apiserver.selectors.parsing import parse_fields, parse_labels

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,5}", fullmatch=True)
LABELS = st.dictionaries(NAMES, NAMES, max_size=4)


@pytest.mark.parametrize(
    ("selector", "labels", "holds"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "c"}, False),
        ("a!=b", {}, True),
        ("a in (b, c)", {"a": "c"}, True),
        ("a notin (b)", {}, True),
        ("a", {"a": ""}, True),
        ("!a", {"a": "x"}, False),
        ("a>3,a<5", {"a": "4"}, True),
        ("a>3", {"a": "many"}, False),
        ("example.com/role=x , b", {"example.com/role": "x", "b": "1"}, True),
        ("a=", {"a": ""}, True),
    ],
)
def test_label_selectors(selector: str, labels: dict[str, str], holds: bool) -> None:
    assert parse_labels(selector)(labels) is holds


@pytest.mark.parametrize("selector", ["a b", "a in b", "=b", "a,,b", "a in ()x", "(a)"])
def test_selectors_that_do_not_parse(selector: str) -> None:
    with pytest.raises(StatusError, match="unable to parse requirement"):
        parse_labels(selector)


@given(LABELS, NAMES, NAMES)
def test_equality_and_its_negation_are_opposites(
    labels: dict[str, str], key: str, value: str
) -> None:
    assert parse_labels(f"{key}={value}")(labels) is not parse_labels(f"{key}!={value}")(labels)


@given(LABELS, NAMES, st.lists(NAMES, min_size=1, max_size=3))
def test_sets_are_disjunctions(labels: dict[str, str], key: str, values: list[str]) -> None:
    listed = ", ".join(values)
    expected = any(parse_labels(f"{key}={value}")(labels) for value in values)
    assert parse_labels(f"{key} in ({listed})")(labels) is expected
    assert parse_labels(f"{key} notin ({listed})")(labels) is not expected


@given(LABELS)
def test_an_object_matches_the_selector_of_its_own_labels(labels: dict[str, str]) -> None:
    assert parse_labels(",".join(f"{key}={value}" for key, value in labels.items()))(labels)


def test_field_selectors() -> None:
    supported = frozenset({"spec.nodeName", "status.phase"})
    pod = {"spec": {"nodeName": "n1"}, "status": {}}
    assert parse_fields("spec.nodeName=n1", supported)(pod)
    assert parse_fields("spec.nodeName=n1,status.phase!=Failed", supported)(pod)
    assert parse_fields("status.phase=", supported)(pod)
    with pytest.raises(StatusError, match="is not a known field selector"):
        parse_fields("spec.x=1", supported)
