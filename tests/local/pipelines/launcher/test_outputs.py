"""What a component leaves behind, read by the types of its outputs."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.pipelines.launcher.errors import ComponentError
from pytest_kubeflow.local.pipelines.launcher.outputs import (
    collect_parameters,
    described,
    make_directories,
    merge,
    read_executor_output,
)


def read(directory: Path, content: str, kind: str) -> Any:
    """The value of an output parameter of type `kind` whose file holds `content`."""
    path = directory / "file"
    path.write_text(content, newline="")
    component = {"outputDefinitions": {"parameters": {"out": {"parameterType": kind}}}}
    return collect_parameters({"out": {"outputFile": str(path)}}, component, {})["out"]


@pytest.mark.parametrize(
    ("kind", "content", "value"),
    [
        ("STRING", " as it\r\nis \n", " as it\r\nis \n"),
        ("STRING", "", ""),
        ("NUMBER_INTEGER", " 7\n", 7),
        ("NUMBER_INTEGER", "-7", -7),
        ("NUMBER_DOUBLE", "1.5\n", 1.5),
        ("NUMBER_DOUBLE", "1e-3", 0.001),
        ("NUMBER_DOUBLE", "1_000.5", 1000.5),
        ("NUMBER_DOUBLE", "0X1_0.8p-2", 4.125),
        ("NUMBER_DOUBLE", "-Infinity", -math.inf),
        ("NUMBER_INTEGER", "+007", 7),
        ("BOOLEAN", "True\n", True),
        ("BOOLEAN", "f", False),
        ("BOOLEAN", "1", True),
        ("LIST", '[1, "ä", {}]', [1, "ä", {}]),
        ("STRUCT", '{"a": [null]}', {"a": [None]}),
    ],
)
def test_files_are_read_by_type(tmp_path: Path, kind: str, content: str, value: Any) -> None:
    found = read(tmp_path, content, kind)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("NUMBER_INTEGER", "1.5"),
        ("NUMBER_INTEGER", "1_000"),
        ("NUMBER_INTEGER", ""),
        ("NUMBER_INTEGER", str(2**63)),
        ("NUMBER_DOUBLE", "many"),
        ("NUMBER_INTEGER", "\u0665"),
        ("NUMBER_DOUBLE", "\u0665"),
        ("NUMBER_DOUBLE", "-nan"),
        ("NUMBER_DOUBLE", "1e400"),
        ("NUMBER_DOUBLE", "0x1p9999"),
        ("NUMBER_DOUBLE", "0x10"),
        ("NUMBER_DOUBLE", "0x_p1"),
        ("NUMBER_DOUBLE", "1__0"),
        ("BOOLEAN", "yes"),
        ("BOOLEAN", "tRUE"),
        ("LIST", "{}"),
        ("LIST", "[1"),
        ("LIST", "[NaN]"),
        ("LIST", "[" * 100_000),
        ("STRUCT", '{"a": 1, "a": 2}'),
        ("STRUCT", "[]"),
        ("STRUCT", "text"),
    ],
)
def test_what_is_of_another_type_is_an_error(tmp_path: Path, kind: str, content: str) -> None:
    path = tmp_path / "file"
    message = f'failed to read output parameter name="out" type="{kind}" path="{path}"'
    with pytest.raises(ComponentError, match=re.escape(message)):
        read(tmp_path, content, kind)


@given(st.text() | st.text("\r\n\t x"))
def test_texts_come_back_as_they_are(tmp_path_factory: Any, content: str) -> None:
    path = tmp_path_factory.getbasetemp() / "text"
    content = content.encode(errors="ignore").decode()
    path.write_bytes(content.encode())
    found = collect_parameters({"out": {"outputFile": str(path)}}, {}, {})
    assert found == {"out": content}


def test_what_the_executor_wrote_goes_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("from the file")
    wanted = {"out": {"outputFile": str(path)}}
    written = {"parameterValues": {"out": "from the executor"}}
    assert collect_parameters(wanted, {}, written) == {"out": "from the executor"}
    assert collect_parameters(wanted, {}, {}) == {"out": "from the file"}


def test_a_file_that_is_left_out_is_an_error(tmp_path: Path) -> None:
    wanted = {"out": {"outputFile": str(tmp_path / "none")}}
    with pytest.raises(ComponentError, match=r"open .*/none: no such file or directory"):
        collect_parameters(wanted, {}, {})


def test_the_executors_file_is_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "output_metadata.json"
    written = {"parameterValues": {"größe": [1, 2]}}
    path.write_text(json.dumps(written))
    assert read_executor_output(str(path)) == written
    line = capsys.readouterr().err
    place = re.escape("launcher_v2.go:1230] ExecutorOutput: {")
    assert re.match(rf"I\d{{4}} \d\d:\d\d:\d\d\.\d{{6}} +\d+ {place}", line)
    assert json.loads(line.partition("ExecutorOutput: ")[2]) == written


def test_it_may_be_missing_but_not_broken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "output_metadata.json"
    assert read_executor_output(str(path)) == {}
    assert f"output metadata file does not exist in {path}" in capsys.readouterr().err
    path.write_bytes(b"\xff")
    with pytest.raises(ComponentError, match="failed to read output metadata file"):
        read_executor_output(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "Expecting property name"),
        ("[]", "unexpected token ["),
        ('{"parameterValues": {"n": NaN}}', "invalid value NaN"),
        ('{"parameterValues": {"n": 1e999}}', "invalid value for number"),
        ('{"parameterValues": {"n": "\\ud800"}}', "surrogates not allowed"),
        ('{"unknownField": 3}', 'unknown field "unknownField"'),
        ('{"Artifacts": {}}', 'unknown field "Artifacts"'),
        ('{"artifacts": {"o": null}}', "unexpected token null"),
        ('{"artifacts": {"o": {"artifacts": {}}}}', "unexpected token {}"),
        ('{"artifacts": {"o": {"artifacts": [{"uri": 5}]}}}', "string field uri: 5"),
        ('{"artifacts": {"o": {"artifacts": [{"metadata": [1]}]}}}', "unexpected token ["),
        ('{"artifacts": {"o": {"artifacts": [{"customPath": "a", "custom_path": "b"}]}}}', "twice"),
        ('{"artifacts": {"o": {"artifacts": [{"uri": "a", "uri": "b"}]}}}', "twice"),
        (
            '{"artifacts": {"o": {"artifacts": [{"type": {"schemaTitle": "", "schemaUri": ""}}]}}}',
            "oneof ml_pipelines.ArtifactTypeSchema.kind is already set",
        ),
    ],
)
def test_it_has_to_be_what_protobuf_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    path = tmp_path / "output_metadata.json"
    path.write_text(content)
    message = "duplicate field" if message == "twice" else message
    with pytest.raises(ComponentError, match="failed to unmarshall ExecutorOutput") as caught:
        read_executor_output(str(path))
    assert message in str(caught.value)
    assert "ExecutorOutput: " in capsys.readouterr().err


def test_fields_have_two_names_and_may_be_null(tmp_path: Path) -> None:
    path = tmp_path / "output_metadata.json"
    one = {"name": "o", "uri": None, "type": {"schema_title": "t"}, "custom_path": "/own"}
    path.write_text(json.dumps({"artifacts": {"o": {"artifacts": [one]}}, "parameter_values": {}}))
    assert read_executor_output(str(path)) == {
        "artifacts": {
            "o": {"artifacts": [{"name": "o", "type": {"schemaTitle": "t"}, "customPath": "/own"}]}
        },
        "parameterValues": {},
    }


def test_the_executor_may_change_an_artifact() -> None:
    artifact = {
        "name": "data",
        "uri": "minio://b/k",
        "type": {"schemaTitle": "system.Dataset"},
        "metadata": {"kept": 1, "changed": 1},
    }
    said = {"uri": "minio://b/other", "customPath": "/own", "metadata": {"changed": 2, "new": 3}}
    merge(artifact, "data", {"artifacts": {"data": {"artifacts": [said]}}})
    assert artifact["customPath"] == "/own"
    assert described(artifact) == {
        "name": "data",
        "uri": "minio://b/other",
        "type": "system.Dataset",
        "metadata": {"kept": 1, "changed": 2, "new": 3},
    }


def test_it_says_nothing_of_most() -> None:
    artifact = {"name": "data", "uri": "minio://b/k"}
    merge(artifact, "data", {})
    assert described(artifact) == {
        "name": "data",
        "uri": "minio://b/k",
        "type": "system.Artifact",
        "metadata": {},
    }


def test_metadata_cannot_be_null() -> None:
    artifact = {"name": "data", "uri": "minio://b/k"}
    merge(artifact, "data", {"artifacts": {"data": {"artifacts": [{"metadata": {"x": None}}]}}})
    with pytest.raises(ComponentError, match=r"unsupported value type \*structpb.Value_NullValue"):
        described(artifact)


def test_directories_are_made_for_outputs(tmp_path: Path) -> None:
    make_directories([str(tmp_path / "a/b/file"), str(tmp_path / "a/b/other")])
    assert (tmp_path / "a/b").is_dir()
    (tmp_path / "in the way").write_text("")
    with pytest.raises(ComponentError, match="failed to create directory"):
        make_directories([str(tmp_path / "in the way/x/file")])
