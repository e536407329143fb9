"""The fixture on the embedded cluster: what a pod registers, and what the session does."""

from __future__ import annotations

import pytest

TESTS = """
from kfp import dsl


@dsl.component(base_image="python:3.11")
def register(name: str) -> str:
    import json
    import urllib.request

    root = "http://model-registry-service.kubeflow:8080/api/model_registry/v1alpha3"
    request = urllib.request.Request(
        f"{root}/registered_models",
        data=json.dumps({"name": name}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)["id"]


def test_it(run_pipeline, model_registry):
    name = model_registry.new_name()
    run = run_pipeline(register, arguments={"name": name})
    found = model_registry.client.get("registered_model", name=name)
    assert found["id"] == run.outputs["Output"]
    made = model_registry.register(name, "v1", uri="s3://b/k", properties={"run": run.run_id})
    assert made.properties == {"run": run.run_id}
    assert model_registry.made == {}


def test_that_one_is_archived(model_registry):
    model_registry.register("once", "v1", uri="s3://b/k")


def test_after_that(model_registry):
    assert model_registry.client.get("registered_model", name="once")["state"] == "ARCHIVED"
"""


def test_models_are_registered_from_pods_and_from_here(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TESTS)
    found = pytester.runpytest_subprocess("--kf-host=local", "--kf-strict-cleanup")
    found.assert_outcomes(passed=3)


def test_without_a_registry_it_is_skipped(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(model_registry):\n    pass\n")
    found = pytester.runpytest_subprocess("--kf-host=local", "--kf-local-mode=standalone", "-rs")
    found.assert_outcomes(skipped=1)
    found.stdout.fnmatch_lines(["*stand-alone pipelines have no users*"])
