"""The clauses of container components' commands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.driver.command import resolve_arguments
from pytest_kubeflow.local.pipelines.driver.values import TaskError


def concat(*items: object) -> object:
    return {"Concat": list(items)}


def if_present(name: str, then: object, otherwise: object = None) -> object:
    more = {} if otherwise is None else {"Else": otherwise}
    return {"IfPresent": {"InputName": name, "Then": then, **more}}


@pytest.mark.parametrize(
    ("clause", "arguments"),
    [
        (concat("a", "b"), ["ab"]),
        (concat("--x=", "{{$.inputs.parameters['x']}}"), ["--x={{$.inputs.parameters['x']}}"]),
        (concat(), [""]),
        (if_present("there", ["-a", "b"]), ["-a", "b"]),
        (if_present("there", "one"), ["one"]),
        (if_present("missing", ["-a"]), []),
        (if_present("missing", ["-a"], ["-n"]), ["-n"]),
        (concat("x", if_present("there", concat("y", "z"), "n")), ["xyz"]),
        (if_present("missing", "a", [concat("b", "c"), if_present("there", "d")]), ["bc", "d"]),
    ],
)
def test_clauses_become_arguments(clause: object, arguments: list[str]) -> None:
    assert resolve_arguments(["before", json.dumps(clause), "after"], {"there"}) == [
        "before",
        *arguments,
        "after",
    ]


@given(st.lists(st.text()))
def test_plain_arguments_stay_as_they_are(arguments: list[str]) -> None:
    assert resolve_arguments(arguments, set()) == arguments


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5))
def test_json_that_is_no_clause_stays(value: object) -> None:
    text = json.dumps({"Other": value})
    assert resolve_arguments([text], set()) == [text]


@pytest.mark.parametrize(
    "argument", ['{"Concat": [', '{"IfPresent": {}}', '{"Concat": [5]}', '{"IfPresent": "x"}']
)
def test_broken_clauses_are_errors_of_the_task(argument: str) -> None:
    with pytest.raises(TaskError, match="no placeholder"):
        resolve_arguments([argument], set())
