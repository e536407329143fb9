"""The clauses of container components' commands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError
from pytest_kubeflow.local.pipelines.driver.pods.command import resolve_command
from pytest_kubeflow.local.pipelines.spec.values import to_argument

INPUTS = {"parameterValues": {"there": "it is", "big": 1234567.5}, "artifacts": {"data": {}}}
THERE = "{{$.inputs.parameters['there']}}"


def resolved(*args: str, strict: bool = False) -> list[str]:
    return resolve_command({"args": list(args)}, INPUTS, strict=strict)


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
        (concat("--x=", THERE), ["--x=it is"]),
        (
            if_present("data", ["{{$.inputs.artifacts['data'].uri}}"]),
            ["{{$.inputs.artifacts['data'].uri}}"],
        ),
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
    assert resolved("before", json.dumps(clause), "after") == ["before", *arguments, "after"]


@given(st.lists(st.text()))
def test_plain_arguments_stay_as_they_are(arguments: list[str]) -> None:
    for strict in (False, True):
        assert resolved(*arguments, strict=strict) == arguments


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=5))
def test_json_that_is_no_clause_stays(value: object) -> None:
    text = json.dumps({"Other": value})
    assert resolved(text) == [text]


@pytest.mark.parametrize(
    "argument", ['{"Concat": [', '{"IfPresent": {}}', '{"Concat": [5]}', '{"IfPresent": "x"}']
)
def test_broken_clauses_are_errors_of_the_task(argument: str) -> None:
    with pytest.raises(TaskError, match="no placeholder"):
        resolved(argument)


NOT_FOUND = 'failed to resolve input parameters: parameter "gone" not found in executor input'
GONE = "{{$.inputs.parameters['gone']}}"


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        (json.dumps(concat("a=", THERE)), ['{"Concat": ["a=", "it is"]}']),
        (json.dumps(if_present("there", ["-a", THERE])), ["-a", "it is"]),
        (json.dumps(if_present("data", ["-a"], ["-n"])), ["-n"]),  # artifacts never are
        (json.dumps(if_present("gone", ["-a"])), []),
        (f"{GONE} {{{{$.outputs.parameters['x'].output_file}}}}", None),  # with outputs: as it is
        ("{{$.inputs.parameters['big']}}", ["1.2345675e+06"]),
    ],
)
def test_strictly_as_the_driver_does(argument: str, arguments: list[str] | None) -> None:
    assert resolved(argument, strict=True) == ([argument] if arguments is None else arguments)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        (GONE, NOT_FOUND),
        (
            json.dumps(if_present("there", [GONE])),
            'failed to resolve condition: parameter "gone" not found in executor input',
        ),
        (
            json.dumps(if_present("there", [concat("a")])),
            "failed to resolve condition: non-string item in IfPresent Then/Else array: "
            "map[string]interface {}",
        ),
        (
            json.dumps(if_present("there", concat("a"))),
            "failed to resolve condition: unexpected type in IfPresent Then/Else: "
            "map[string]interface {}",
        ),
    ],
)
def test_what_the_driver_refuses(argument: str, message: str) -> None:
    with pytest.raises(TaskError) as caught:
        resolved(argument, strict=True)
    assert str(caught.value) == f"failed to resolve container args: {message}"
    resolved(argument)  # and else not


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (0.5, "0.5"),
        (1e-7, "1e-07"),
        (-0.00012, "-0.00012"),
        (100000.5, "100000.5"),
        (1234567.5, "1.2345675e+06"),
        (-2.5e-10, "-2.5e-10"),
        (1e21, "1e+21"),
        ({"b": "<&>", "a": 1}, '{"a":1,"b":"\\u003c\\u0026\\u003e"}'),
        (True, "true"),
        (None, ""),
    ],
)
def test_values_are_written_as_go_writes_them(value: object, text: str) -> None:
    assert to_argument(value) == text
