"""Packages and requests become documents, and documents become requests again."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.spec import PipelineDocument, SpecError
from tests.local.pipelines.wellformed import DEFAULTS, changed

PLATFORM: dict[str, Any] = {"deploymentSpec": {"executors": {"exec": {"imagePullPolicy": "Never"}}}}


def both(spec: Any = DEFAULTS, platform: Any = PLATFORM) -> str:
    return yaml.safe_dump_all([spec, {"platforms": {"kubernetes": platform}}])


def test_a_package_may_have_a_platform() -> None:
    document = PipelineDocument.parse(both())
    assert document == PipelineDocument(DEFAULTS, PLATFORM)
    assert document.name == "defaults"
    assert PipelineDocument.from_struct(document.to_struct()) == document
    bare = PipelineDocument.parse(json.dumps(DEFAULTS))
    assert bare == PipelineDocument(DEFAULTS)
    assert bare.to_struct() == DEFAULTS
    assert PipelineDocument.from_struct(bare.to_struct()) == bare


def nested_aliases() -> str:
    """Some hundred bytes that are ten million nodes."""
    lines = ["pipelineInfo: {name: x}", "a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in range(1, 8):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]")
    return "\n".join(lines)


def test_aliases_in_measure_are_read() -> None:
    text = yaml.safe_dump(DEFAULTS).replace("deploymentSpec:", "deploymentSpec: &d", 1)
    assert PipelineDocument.parse(text) == PipelineDocument(DEFAULTS)
    literals = [{"a": "x" * 20}] * 500
    spec = changed(DEFAULTS, "root.inputDefinitions.parameters.mapping.literals", literals)
    assert "*id001" in yaml.safe_dump(spec)
    assert PipelineDocument.parse(yaml.safe_dump(spec)).spec == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (both() + "---\n" + yaml.safe_dump(DEFAULTS), "multiple pipeline specs"),
        (both() + "---\nplatforms: {kubernetes: {}}\n", "multiple platform specs"),
        ("platforms: {kubernetes: {}}\n", "unknown template format"),
        ("", "unknown template format"),
        ("- a\n", "unknown template format"),
        ("{" * 5000, "failed to parse"),
        ("a: &a [*a]\n", "an anchor's value contains itself"),
        (nested_aliases(), "excessive aliasing"),
        ("a: &a " + "x" * 100_000 + "\nb: [" + "*a, " * 1000 + "]", "excessive aliasing"),
        (yaml.safe_dump(DEFAULTS) + "---\nplatforms: {mars: {}}\n", "platform 'mars'"),
        (
            yaml.safe_dump(DEFAULTS) + "---\nplatforms: []\n",
            "Map field platforms must be in a dict",
        ),
        (yaml.safe_dump(DEFAULTS | {"sdkVersion": 2.0 * 1e308 * 10}), "Out of range|JSON"),
        ("pipelineInfo: {name: 2001-01-01}\nroot: {}\nschemaVersion: 2.1.0\n", "no place in JSON"),
        ("pipelineInfo: {name: ÄÖÜ}\nroot: {}\nschemaVersion: 2.1.0\n", "should consist of"),
    ],
)
def test_what_is_no_package_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message) as caught:
        PipelineDocument.parse(text)
    assert "\n" not in str(caught.value)


def test_numbers_are_protobufs() -> None:
    parameter = {"parameterType": "NUMBER_DOUBLE", "defaultValue": 3.0}
    root = DEFAULTS["root"] | {"inputDefinitions": {"parameters": {"x": parameter}}}
    document = PipelineDocument.from_struct(DEFAULTS | {"root": root})
    value = document.spec["root"]["inputDefinitions"]["parameters"]["x"]["defaultValue"]
    assert type(value) is int
    parameter["defaultValue"] = 10**400
    with pytest.raises(SpecError, match="out of range"):
        PipelineDocument.from_struct(DEFAULTS | {"root": root})


def test_a_request_carries_nothing_else() -> None:
    with pytest.raises(SpecError, match="unexpected field 'colour'"):
        PipelineDocument.from_struct({"pipeline_spec": DEFAULTS, "colour": 1})


@given(st.text() | st.binary())
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    with pytest.raises(SpecError):
        PipelineDocument.parse(text)
