"""Placeholders in commands: known ones are replaced, everything else stays as it is."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.launcher.placeholders import fill, text, with_defaults

ARTIFACT = {"uri": "minio://b/k/data", "metadata": {"rows": 5}, "name": "7"}
ELSEWHERE = {"uri": "https://example.com/x", "metadata": {}}
INPUT: dict[str, Any] = {
    "inputs": {
        "parameterValues": {"x": "value", "n": 3},
        "artifacts": {"data": {"artifacts": [ARTIFACT]}, "far": {"artifacts": [ELSEWHERE]}},
    },
    "outputs": {
        "parameters": {"sum": {"outputFile": "/outputs/sum"}},
        "artifacts": {"model": {"artifacts": [{"uri": "s3://b/m", "customPath": "/own/path"}]}},
        "outputFile": "/minio/out.json",
    },
}
REPLACED = {
    "{{$.inputs.parameters['x']}}": "value",
    "{{$.inputs.parameters['n']}}": "3",
    "{{$.inputs.artifacts['data'].uri}}": "minio://b/k/data",
    "{{$.inputs.artifacts['data'].path}}": "/minio/b/k/data",
    "{{$.inputs.artifacts['far'].uri}}": "https://example.com/x",
    "{{$.outputs.artifacts['model'].path}}": "/own/path",
    "{{$.outputs.parameters['sum'].output_file}}": "/outputs/sum",
}
UNKNOWN = (
    "{{$.inputs.parameters['other']}}",
    "{{$.inputs.parameters['x'].path}}",
    "{{$.inputs.artifacts['data']}}",
    "{{$.inputs.artifacts['far'].path}}",
    "{{$.outputs.parameters['sum']}}",
    "{{$.colour}}",
    "{{ $.inputs.parameters['x'] }}",
    "{{$.inputs.parameters['x']}",
    "{{x}}",
)


def filled(argument: str, executor_input: Any = INPUT, *, strict: bool = False) -> str:
    program, found = fill(["program", argument], executor_input, strict=strict)
    assert program == "program"
    return found


def test_each_has_its_meaning() -> None:
    for placeholder, value in REPLACED.items():
        assert filled(placeholder) == value
        assert filled(f"--a={placeholder};{placeholder}") == f"--a={value};{value}"


def test_unknown_ones_stay() -> None:
    for placeholder in UNKNOWN:
        assert filled(placeholder) == placeholder


def test_metadata_is_known_where_it_is_not_strict() -> None:
    placeholder = "{{$.inputs.artifacts['data'].metadata}}"
    assert filled(placeholder) == '{"rows": 5}'
    assert filled(placeholder, strict=True) == placeholder


def test_the_whole_input_is_json() -> None:
    assert json.loads(filled("{{$}}")) == INPUT


def test_of_the_program_itself_only_the_whole_input_is_replaced() -> None:
    (program,) = fill(["x{{$}}{{$.inputs.parameters['x']}}"], {"inputs": {}, "outputs": {}})
    assert program == 'x{"inputs": {}, "outputs": {}}{{$.inputs.parameters[\'x\']}}'


parts = st.one_of(
    st.sampled_from(list(REPLACED)),
    st.sampled_from(UNKNOWN),
    st.text(st.characters(exclude_characters="{}$"), max_size=8),
)


@given(st.lists(parts, max_size=8))
def test_a_command_is_the_sum_of_its_parts(pieces: list[str]) -> None:
    expected = "".join(REPLACED.get(piece, piece) for piece in pieces)
    assert filled("".join(pieces)) == expected


@given(st.one_of(st.sampled_from([*REPLACED, *UNKNOWN, "{{$}}"]), st.text()))
def test_values_alone_are_not_read_as_placeholders(value: str) -> None:
    given_input = {"inputs": {"parameterValues": {"a": value}}, "outputs": {}}
    assert filled("<{{$.inputs.parameters['a']}}>", given_input) == f"<{value}>"


def test_values_in_the_whole_input_are() -> None:
    values = {"a": "{{$.inputs.parameters['n']}} {{$}}", "n": 3}
    given_input = {"inputs": {"parameterValues": values}, "outputs": {}}
    found = json.loads(filled("{{$}}", given_input))
    assert found["inputs"]["parameterValues"]["a"] == "3 {{$}}"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_written_without_exponents(number: float) -> None:
    written = text(number)
    assert re.fullmatch(r"-?\d+(\.\d*[1-9])?", written)
    assert float(Decimal(written)) == number


def test_other_values_are_json() -> None:
    assert text(True) == "true"
    assert text([1, "ä", None]) == '[1,"ä",null]'
    assert text({"a": {"b": False}}) == '{"a":{"b":false}}'
    assert text("") == ""


def test_defaults_fill_what_is_not_given() -> None:
    component = {
        "inputDefinitions": {
            "parameters": {
                "x": {"defaultValue": "unused"},
                "y": {"defaultValue": 0},
                "z": {"isOptional": True},
            }
        }
    }
    filled = with_defaults(INPUT, component)
    assert filled["inputs"]["parameterValues"] == {"x": "value", "n": 3, "y": 0}
    assert "y" not in INPUT["inputs"]["parameterValues"]
