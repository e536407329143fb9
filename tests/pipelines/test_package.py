from pathlib import Path

import pytest
from kfp import dsl

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.pipelines.packages.package import Package, compile_pipeline
from pytest_kubeflow.pipelines.submission import prepare


@dsl.component(base_image="python:3.11")
def repeat(text: str, times: int = 2) -> str:
    return text * times


@dsl.container_component
def shout() -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image="alpine:3", command=["echo"], args=["!"])


@dsl.pipeline(name="repeat-twice")
def twice(text: str, times: int = 2, ratio: float = 1.0, flag: bool = False) -> str:
    shout()
    first = repeat(text=text, times=times)
    return repeat(text=first.output).output


def images(package: Package) -> set[str]:
    executors = package.pipeline_spec["deploymentSpec"]["executors"].values()
    return {each["container"]["image"] for each in executors}


def test_base_image_replaces_that_of_python_components_only() -> None:
    package = compile_pipeline(twice).with_base_image("mirror.example/python:3.12")
    assert images(package) == {"mirror.example/python:3.12", "alpine:3"}
    assert images(compile_pipeline(twice)) == {"python:3.11", "alpine:3"}


@pytest.mark.parametrize(
    ("image", "replaced"),
    [
        ("python", True),
        ("docker.io/library/python:3.12-slim", True),
        ("python@sha256:0123", True),
        ("registry.example/python-ml:1", False),
        ("pytorch/pytorch:2", False),
    ],
)
def test_an_image_that_was_chosen_stays(image: str, replaced: bool) -> None:
    @dsl.component(base_image=image)
    def chosen() -> int:
        return 1

    package = compile_pipeline(chosen).with_base_image("mirror.example/python:3.12")
    assert images(package) == {"mirror.example/python:3.12" if replaced else image}


def test_package_survives_its_file(tmp_path: Path) -> None:
    package = compile_pipeline(twice)
    package.write(tmp_path / "p.yaml")
    assert Package.read(tmp_path / "p.yaml") == package
    assert package.name == "repeat-twice"
    assert [path for path, *_ in package.tasks()] == [("repeat",), ("repeat-2",), ("shout",)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs an argument 'text'; its parameters: "),
        ({"text": None}, "needs an argument 'text'"),
        ({"text": "x", "txet": "y"}, "has no parameter 'txet'; its parameters: "),
        ({"text": 3}, "takes STRING for 'text', not 3 (int)"),
        ({"text": "x", "times": 2.5}, "takes NUMBER_INTEGER for 'times', not 2.5 (float)"),
        ({"text": "x", "times": True}, "takes NUMBER_INTEGER for 'times', not True (bool)"),
        ({"text": "x", "flag": 1}, "takes BOOLEAN for 'flag', not 1 (int)"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        compile_pipeline(twice).check_arguments(arguments)
    assert message in error.value.message
    assert "\n" not in error.value.message


def test_arguments_that_fit() -> None:
    package = compile_pipeline(twice)
    package.check_arguments({"text": "x"})
    package.check_arguments({"text": "x", "times": 3, "ratio": 2, "flag": True})


@pytest.mark.parametrize("content", ["", "a: [", "just text", "pipelineInfo: {name: a}\n" * 2])
def test_file_that_is_no_package(tmp_path: Path, content: str) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(content)
    if content.startswith("pipelineInfo"):
        path.write_text("pipelineInfo: {name: a}\n---\npipelineInfo: {name: b}\n")
    with pytest.raises(ConfigurationError, match="is no pipeline package"):
        compile_pipeline(path)


def test_no_file_and_no_pipeline(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no pipeline package"):
        compile_pipeline(tmp_path / "none.yaml")
    with pytest.raises(ConfigurationError, match="is no pipeline: give a function"):
        compile_pipeline(lambda: None)


OLDER = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: sequence-
  labels: {pipelines.kubeflow.org/kfp_sdk_version: 1.8.22}
spec:
  entrypoint: sequence
  templates:
    - {name: sequence, container: {image: "python:3.11", command: [echo, a]}}
"""


def test_a_package_of_kfp_1_is_a_workflow_and_takes_no_arguments(tmp_path: Path) -> None:
    path = tmp_path / "v1.yaml"
    path.write_text(OLDER)
    package = Package.read(path)
    assert package.is_workflow
    assert package.name == "sequence"
    assert list(package.tasks()) == []
    assert package.without_caching() == package
    assert package.with_base_image("other:1") == package
    assert package.images() == {"sequence": "python:3.11"}
    mirrored = package.with_images(lambda image: f"mirror.example/{image}")
    assert mirrored.images() == {"sequence": "mirror.example/python:3.11"}
    package.check_arguments({})
    with pytest.raises(ConfigurationError, match=r"ignores arguments for it, so change the values"):
        package.check_arguments({"text": "a"})
    package.write(tmp_path / "again.yaml")
    assert Package.read(tmp_path / "again.yaml") == package


def test_a_package_of_kfp_1_is_uploaded_before_it_is_run(tmp_path: Path) -> None:
    path = tmp_path / "v1.yaml"
    path.write_text(OLDER)
    with pytest.raises(
        ConfigurationError,
        match=r"is a package of KFP SDK 1 \(an Argo Workflow, kfp 1.8.22\): compile it with kfp 2",
    ):
        prepare(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("spec:\n", "spec: null\nmore:\n"), "is no package of KFP 1: its spec is no mapping"),
        (("spec:\n", "spec: [1]\nmore:\n"), "is no package of KFP 1: its spec is no mapping"),
        (("labels: {", "labels: [a]\n  annotations: {"), "its metadata.labels is no mapping"),
        (("entrypoint:", "entrypont:"), r"leave out without a word: spec.entrypont .did you mean"),
        (("image:", "imagee:"), r"Argo does not know.*spec\.templates\[0\]\.container\.imagee"),
        (("kind: Workflow", "kind: CronWorkflow"), "and nothing else; it has a CronWorkflow"),
        (("kind: Workflow", "kind:"), "it has a mapping without kind"),
        ((OLDER, f"{OLDER}---\n{OLDER}"), "it has a Workflow, a Workflow"),
        ((OLDER, ""), "it has nothing"),
        ((OLDER, "- a"), "it has a list"),
    ],
)
def test_a_package_of_kfp_1_that_is_none(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    path = tmp_path / "v1.yaml"
    path.write_text(OLDER.replace(*change))
    with pytest.raises(ConfigurationError, match=message) as refused:
        Package.read(path)
    assert "\n" not in refused.value.message


def test_a_workflow_that_is_not_of_argo_is_no_package(tmp_path: Path) -> None:
    path = tmp_path / "workflow.yaml"
    path.write_text("kind: Workflow\nmetadata: {generateName: a-}\n")
    with pytest.raises(ConfigurationError, match=r"needs one document with pipelineInfo"):
        Package.read(path)
