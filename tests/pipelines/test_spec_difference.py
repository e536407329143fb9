"""Packages are compared as servers keep them, and what differs is told with its place."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from kfp.pipeline_spec import pipeline_spec_pb2

from pytest_kubeflow.pipelines.packages.package import Package, compile_pipeline
from pytest_kubeflow.pipelines.packages.spec_difference import argument_difference, spec_difference
from suites.pipelines.pythagorean import pythagorean
from suites.pipelines.test_control_flow import loop_and_branch
from suites.pipelines.test_upload import sum_of_squares
from suites.volumes.test_sort import sort_csv

PIPELINES = [pythagorean, loop_and_branch, sort_csv]


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_server_keeps_it_in_other_words(pipeline: Callable[..., object]) -> None:
    package = compile_pipeline(pipeline).without_caching()
    message = json_format.ParseDict(dict(package.pipeline_spec), pipeline_spec_pb2.PipelineSpec())
    for snake in (False, True):
        kept = json_format.MessageToDict(message, preserving_proto_field_name=snake)
        # Also servers that know less, or more.
        kept |= {"sdkVersion": "kfp-1.0", "some_future_field": 1}
        assert spec_difference(package, Package(kept, package.platform_spec)) == ""
        assert spec_difference(package, Package(kept)) == ""


def changed(change: Callable[[Any], object]) -> Package:
    spec = copy.deepcopy(dict(compile_pipeline(pythagorean).without_caching().pipeline_spec))
    change(spec)
    return Package(spec)


CHANGES: dict[str, tuple[Callable[[Any], object], str]] = {
    "task": (
        lambda spec: spec["root"]["dag"]["tasks"].pop("square-root"),
        r"^root.dag.tasks.square-root is missing",
    ),
    "image": (
        lambda spec: spec["deploymentSpec"]["executors"]["exec-add"]["container"].update(image="x"),
        r'executors.exec-add.container.image is "x", not "python:3.11"',
    ),
    "caching": (
        lambda spec: spec["root"]["dag"]["tasks"]["add"].update(cachingOptions={"enableCache": 1}),
        r"root.dag.tasks.add.cachingOptions.* was not submitted|\S+ is ",
    ),
    "wiring": (
        lambda spec: spec["root"]["dag"]["tasks"]["square-2"]["inputs"]["parameters"]["x"].update(
            componentInputParameter="a"
        ),
        r'square-2.inputs.parameters.x.componentInputParameter is "a", not "b"',
    ),
    "nothing": (lambda spec: spec.clear(), r"is missing"),
    "nonsense": (lambda spec: spec.update(root=5), r"root is 5, not"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_told_with_its_place(kind: str) -> None:
    change, found = CHANGES[kind]
    package = compile_pipeline(pythagorean).without_caching()
    assert re.search(found, spec_difference(package, changed(change)))


def test_another_pipeline_of_that_name() -> None:
    one, other = compile_pipeline(pythagorean), compile_pipeline(sum_of_squares)
    assert "square-root" in spec_difference(other, one)
    assert "square-root" in spec_difference(one, other)


def test_the_platform_counts_where_both_have_one() -> None:
    package = compile_pipeline(sort_csv)
    other = copy.deepcopy(dict(package.platform_spec or {}))
    other["platforms"]["kubernetes"]["deploymentSpec"]["executors"].popitem()
    found = spec_difference(package, Package(package.pipeline_spec, other))
    assert found.startswith("platform.platforms.kubernetes.deploymentSpec.executors.")


def test_nested_tasks_are_not_cached_either() -> None:
    package = compile_pipeline(loop_and_branch)
    assert any(task.get("cachingOptions") for path, task, _ in package.tasks() if len(path) > 1)
    assert not any(task["cachingOptions"] for _, task, _ in package.without_caching().tasks())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(deadline=None)  # a busy machine is no mistake
@given(VALUES, VALUES)
def test_arguments_are_compared_as_protobuf_keeps_them(one: Any, other: Any) -> None:
    assert argument_difference({"x": one}, {"x": _doubled(one), "default": 1}) == ""
    if one is not None and _doubled(one) != _doubled(other):
        assert argument_difference({"x": one}, {"x": other})


def test_arguments_that_are_told_as_json() -> None:
    given = {"list": [1, 2], "number": 3, "text": "3", "flag": True}
    assert argument_difference(given, {name: json.dumps(one) for name, one in given.items()}) == (
        'argument text is "\\"3\\"", not "3"'
    )
    assert argument_difference({"list": [1]}, {"list": "[1"}) == 'argument list is "[1", not [1]'


def test_an_argument_that_differs() -> None:
    assert argument_difference({"a": 3.0, "n": None}, {"a": 4.0}) == "argument a is 4.0, not 3.0"
    assert argument_difference({"a": 3}, {}) == "argument a is missing, not 3"
    assert argument_difference({"a": True}, {"a": 1.0}) == "argument a is 1.0, not true"


def _doubled(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value) if abs(value) < 2**1000 else value
    if isinstance(value, list):
        return [_doubled(each) for each in value]
    if isinstance(value, dict):
        return {key: _doubled(each) for key, each in value.items()}
    return value


def test_what_users_name_like_our_fields_counts() -> None:
    def package(value: object) -> Package:
        spec = copy.deepcopy(dict(compile_pipeline(pythagorean).without_caching().pipeline_spec))
        inputs = spec["root"]["dag"]["tasks"]["square"]["inputs"]["parameters"]
        inputs["description"] = {"runtimeValue": {"constant": value}}
        return Package(spec)

    assert spec_difference(package("good"), package("good")) == ""
    assert "description" in spec_difference(package("good"), package("other"))
    for quiet in ("", False):
        assert spec_difference(package(quiet), package(quiet)) == ""
        assert "constant" in spec_difference(package(quiet), package(None))
