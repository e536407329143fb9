"""Packages of KFP 1, which are Argo Workflows: what is made of one, and that it runs."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from kubernetes import client

from pytest_kubeflow.local.pipelines.argo_template import (
    account_of,
    name_of,
    retried,
    workflow_of,
)
from pytest_kubeflow.local.pipelines.macros import Macros
from pytest_kubeflow.pipelines.tasks.workflow_nodes import WORKFLOWS
from tests.local.pipelines.member import Member, name
from tests.local.pipelines.test_pipelines import upload

PACKAGE: dict[str, Any] = yaml.safe_load("""
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: greet-, labels: {team: a}, annotations: {note: b}}
spec:
  entrypoint: main
  arguments:
    parameters: [{name: run, value: "[[RunUUID]]"}, {name: count, value: 3}, {name: open}]
  podMetadata: {labels: {tier: c}}
  templates:
    - name: main
      metadata: {annotations: {sidecar.istio.io/inject: "true"}}
      dag:
        tasks: [{name: say, template: say}]
    - name: say
      outputs: {artifacts: [{name: mlpipeline-metrics, path: /m}, {name: mine, path: /n}]}
      container: {image: "python:3.11", command: [echo, "{{workflow.uid}}"]}
""")

FLAKY = """
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: flaky-}
spec:
  entrypoint: main
  templates:
    - name: main
      dag:
        tasks:
          - {name: first, template: first}
          - {name: second, template: second, dependencies: [first]}
    - name: first
      container: {image: "python:3.11", command: [sh, -c], args: ["date +%s.%N"]}
    - name: second
      container: {image: "python:3.11", command: [sh, -c], args: ["exit ${FAILS:-3}"]}
"""


def made(package: dict[str, Any] = PACKAGE) -> dict[str, Any]:
    macros = Macros("run-1", datetime(2026, 1, 1, tzinfo=UTC))
    return workflow_of(package, macros, account="default-editor", run_label="pipeline/runid")


def test_a_package_becomes_the_workflow_of_a_run() -> None:
    before = copy.deepcopy(PACKAGE)
    found = made()
    assert before == PACKAGE
    assert found["metadata"] == {
        "labels": {"team": "a", "pipeline/runid": "run-1"},
        "annotations": {"note": "b"},
    }
    spec = found["spec"]
    assert spec["serviceAccountName"] == "default-editor"
    assert spec["podMetadata"] == {"labels": {"tier": "c", "pipeline/runid": "run-1"}}
    assert spec["arguments"]["parameters"] == [
        {"name": "run", "value": "run-1"},
        {"name": "count", "value": "3"},
        {"name": "open"},
    ]
    main, say = spec["templates"]
    assert main["metadata"]["annotations"] == {"sidecar.istio.io/inject": "true"}
    assert say["metadata"] == {
        "labels": {"pipelines.kubeflow.org/cache_enabled": "true"},
        "annotations": {"sidecar.istio.io/inject": "false"},
    }
    assert [one.get("optional") for one in say["outputs"]["artifacts"]] == [True, None]
    assert say["container"]["command"] == ["echo", "run-1"]


@pytest.mark.parametrize(
    ("own", "expected"),
    [(None, "default-editor"), ("pipeline-runner", "default-editor"), ("mine", "mine")],
)
def test_the_account_is_its_own_where_it_has_one(own: str | None, expected: str) -> None:
    package = {"spec": {} if own is None else {"serviceAccountName": own}}
    assert account_of(package, "default-editor") == expected


def test_names_are_made_up_where_it_has_none() -> None:
    names = {name_of(PACKAGE) for _ in range(5)}
    assert len(names) == 5
    assert all(one.startswith("greet-") and len(one) == 11 for one in names)
    assert name_of({"metadata": {"name": "x"}}) == "x"


def test_what_failed_is_done_again_and_what_succeeded_is_kept() -> None:
    def node(key: str, kind: str, phase: str, **more: Any) -> dict[str, Any]:
        return {"id": key, "type": kind, "phase": phase, "templateName": "t", **more}

    nodes = {
        "w": node("w", "DAG", "Failed", name="w", children=["a", "b"], message="m"),
        "a": node("a", "Pod", "Succeeded", name="w.a", children=["b"]),
        "b": node("b", "Pod", "Failed", name="w.b"),
        "c": node("c", "Pod", "Omitted", name="w.c"),
        "e": node("e", "Pod", "Succeeded", name="w.onExit"),
    }
    workflow: dict[str, Any] = {
        "metadata": {"name": "w", "labels": {"workflows.argoproj.io/completed": "true"}},
        "spec": {"activeDeadlineSeconds": 0},
        "status": {"phase": "Failed", "finishedAt": "x", "message": "y", "nodes": nodes},
    }
    found, pods = retried(workflow, 2)
    assert found["metadata"]["labels"] == {"workflows.argoproj.io/phase": "Running"}
    assert found["spec"] == {}
    status = found["status"]
    assert status["phase"] == "Running"
    assert status["retryGeneration"] == 2
    assert status["nodes"].keys() == {"w", "a"}
    assert status["nodes"]["w"] == node("w", "DAG", "Running", name="w", children=["a"])
    assert status["nodes"]["a"]["children"] == []
    assert len(pods) == 3  # of b, of c, which has none, and of the exit handler
    assert all(one.startswith("w-t-") for one in pods)
    assert workflow["status"]["phase"] == "Failed"  # it was not changed itself


def started(member: Member, text: str, experiment: str) -> str:
    """The id of a run of an uploaded package."""
    pipeline = upload(member, text.encode(), name=name("p"), namespace=member.namespace).json()
    reference = {"pipeline_id": pipeline["pipeline_id"]}
    body = {"display_name": name("r"), "experiment_id": experiment}
    answer = member.call("POST", "runs", json=body | {"pipeline_version_reference": reference})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run_id"])


@pytest.fixture
def experiment(member: Member) -> str:
    return str(member.kfp.create_experiment(name("e"), namespace=member.namespace).experiment_id)


def test_a_run_of_one_fails_is_retried_and_goes_on(member: Member, experiment: str) -> None:
    run_id = started(member, FLAKY, experiment)
    run = member.wait(run_id)
    assert run.state == "FAILED"
    found = {one.display_name: one.state for one in run.run_details.task_details}
    assert found["first"] == "SUCCEEDED"
    assert found["second"] == "FAILED"
    custom = client.CustomObjectsApi(member.core.api_client)
    group, version, plural = WORKFLOWS
    kind = (group, version, member.namespace, plural)
    selector = f"pipeline/runid={run_id}"
    (workflow,) = custom.list_namespaced_custom_object(*kind, label_selector=selector)["items"]
    first = {
        one.metadata.annotations["workflows.argoproj.io/node-name"].split(".")[-1]: one
        for one in member.pods(run_id)
    }["first"]
    # What made it fail is mended, as by whoever retries.
    spec = workflow["spec"]
    spec["templates"][2]["container"]["env"] = [{"name": "FAILS", "value": "0"}]
    custom.patch_namespaced_custom_object(
        *kind, workflow["metadata"]["name"], {"spec": {"templates": spec["templates"]}}
    )
    assert member.call("POST", f"runs/{run_id}:retry").status_code == 200
    run = member.wait(run_id)
    assert run.state == "SUCCEEDED"
    pods = {one.metadata.uid for one in member.pods(run_id)}
    assert first.metadata.uid in pods, "what had succeeded was done again"
    assert len(pods) == 2


def test_a_run_of_one_is_terminated_and_deleted(member: Member, experiment: str) -> None:
    text = FLAKY.replace("date +%s.%N", "sleep 300")
    run_id = started(member, text, experiment)
    assert member.call("POST", f"runs/{run_id}:terminate").status_code == 200
    assert member.wait(run_id).state == "FAILED"
    assert member.call("DELETE", f"runs/{run_id}").status_code == 200
    member.until(lambda: not member.pods(run_id), "the pods to go with the run")
    assert member.call("GET", f"runs/{run_id}").status_code == 404
