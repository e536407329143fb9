"""Manifests of Workflows: what is changed in them, and what is refused before anybody is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.workflows.creator import WorkflowCreator
from pytest_kubeflow.workflows.manifest import WorkflowManifest, check_name
from pytest_kubeflow.workflows.workflow import _OF_EXECUTOR, Workflow, WorkflowAccess

TEXT = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: say-, labels: {mine: "yes"}}
spec:
  entrypoint: say
  arguments: {parameters: [{name: text, value: hi}, {name: count}]}
  templates:
    - {name: say, container: {image: "busybox:1", command: [true]}}
"""


def test_it_becomes_an_object_of_ours() -> None:
    read = WorkflowManifest.read(TEXT)
    made = read.named("mine", "ns", {"ours": "1"}, service_account="editor", arguments={"count": 3})
    assert made["metadata"] == {
        "name": "mine",
        "namespace": "ns",
        "labels": {"mine": "yes", "ours": "1"},
    }
    assert made["spec"]["serviceAccountName"] == "editor"
    assert made["spec"]["arguments"]["parameters"] == [
        {"name": "text", "value": "hi"},
        {"name": "count", "value": "3"},
    ]
    assert "generateName" in read.object["metadata"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("entrypoint: say", "entrypont: say"),
            "fields that Argo does not know.*: spec.entrypont .did you mean entrypoint",
        ),
        (("image:", "imagee:"), r"spec\.templates\[0\]\.container\.imagee|templates\[0\].*imagee"),
        (("kind: Workflow", "kind: CronWorkflow"), "is a CronWorkflow of .*, and no Workflow"),
        (("v1alpha1", "v2"), r"is a Workflow of argoproj\.io/v2, and no"),
        (("templates:", "templates: ["), "is no YAML"),
    ],
)
def test_what_is_refused(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as failed:
        WorkflowManifest.read(TEXT.replace(*change))
    assert "\n" not in failed.value.message


def test_an_argument_that_it_does_not_take() -> None:
    read = WorkflowManifest.read(TEXT)
    with pytest.raises(ConfigurationError, match=r"no parameter 'txt' .*; it has text, count"):
        read.named("mine", "ns", {}, arguments={"txt": 1})


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nothing\.yaml"):
        WorkflowManifest.read(tmp_path / "nothing.yaml")


def test_arguments_that_are_no_dictionary() -> None:
    read = WorkflowManifest.read(TEXT)
    wrong: Any = ["text"]
    with pytest.raises(ConfigurationError, match=r"a dictionary of parameters .*, not a list"):
        read.named("mine", "ns", {}, arguments=wrong)


@pytest.mark.parametrize("run_id", ["", None, "a,b=c", "x" * 64])
def test_ids_that_no_run_has(run_id: Any) -> None:
    nobody: Any = None
    with pytest.raises(ConfigurationError, match=r"is no id of a run: give run\.run_id"):
        WorkflowCreator(nobody).of_run(run_id)


@pytest.mark.parametrize("namespace", ["", "No Such", "a/..", "x" * 64, None, "a\n"])
def test_names_that_no_namespace_has(namespace: Any) -> None:
    nobody: Any = None
    with pytest.raises(ConfigurationError, match="is no name of a namespace; valid: lower-case"):
        WorkflowAccess(nobody, namespace, 1)


def test_an_end_that_no_workflow_comes_to() -> None:
    nobody: Any = None
    with pytest.raises(ConfigurationError, match=r"ended='Gone': a Workflow ends in Succeeded or"):
        Workflow(WorkflowAccess(nobody, "team", 1), "mine").wait(ended="Gone")


@pytest.mark.parametrize("name", ["", "Upper", "a_b", "-a", "x" * 64, 5])
def test_names_that_are_none(name: Any) -> None:
    with pytest.raises(ConfigurationError):
        check_name(name)


@pytest.mark.parametrize(
    ("log", "kept"),
    [
        ('hi\ntime="2026" level=info msg="x \\" y" argo=true error="<nil>"\n', "hi\n"),
        ('time="t" level=info msg=word argo=true\nhi\n', "hi\n"),
        ('time=2026-11-30T15:49:51.519Z level=INFO msg="a b" path=/x argo=true\nhi\n', "hi\n"),
        ("hi\ntime=t level=INFO msg=end argo=true error=e\nError: exit status 1", "hi\n"),
        ('nohi time="t" level=info msg="a" argo=true e="b"\nError: exit status 3\n', "nohi "),
        ("Error: exit status 3\n", "Error: exit status 3\n"),
        ('time="t" level=info msg="a"\n', 'time="t" level=info msg="a"\n'),
    ],
)
def test_lines_of_the_executor_are_left_out(log: str, kept: str) -> None:
    found: Any = _OF_EXECUTOR.sub("", log)
    assert found == kept
