"""What is made of a Notebook, and what is told of it, as functions."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.notebooks.culling import last_activity
from pytest_kubeflow.local.notebooks.objects import (
    service_of,
    stateful_set_of,
    virtual_service_of,
)
from pytest_kubeflow.local.notebooks.settings import NotebookSettings
from pytest_kubeflow.local.notebooks.status import status_of

NOW = "2026-01-02T03:04:05Z"


def notebook(
    container: dict[str, Any] | None = None, pod: dict[str, Any] | None = None, **metadata: Any
) -> dict[str, Any]:
    containers = [{"name": "nb", "image": "jupyter", **(container or {})}]
    return {
        "apiVersion": "kubeflow.org/v1beta1",
        "kind": "Notebook",
        "metadata": {"name": "nb", "namespace": "team", "uid": "1", **metadata},
        "spec": {"template": {"spec": {"containers": containers, **(pod or {})}}},
    }


def pod_of(made: dict[str, Any], **settings: Any) -> dict[str, Any]:
    found: dict[str, Any] = stateful_set_of(made, NotebookSettings(**settings))["spec"]["template"]
    return found


def test_a_notebook_is_a_stateful_set_of_one_pod() -> None:
    made = stateful_set_of(notebook(), NotebookSettings())
    assert made["metadata"]["name"] == "nb"
    (owner,) = made["metadata"]["ownerReferences"]
    assert owner["apiVersion"] == "kubeflow.org/v1beta1"
    assert (owner["controller"], owner["blockOwnerDeletion"]) == (True, True)
    assert made["spec"]["replicas"] == 1
    assert made["spec"]["selector"] == {"matchLabels": {"statefulset": "nb"}}
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container == {
        "name": "nb",
        "image": "jupyter",
        "workingDir": "/home/jovyan",
        "ports": [{"containerPort": 8888, "name": "notebook-port", "protocol": "TCP"}],
        "env": [{"name": "NB_PREFIX", "value": "/notebook/team/nb"}],
    }


@pytest.mark.parametrize("value", ["", "2026-01-02T03:04:05Z"])
def test_an_annotation_stops_it_whatever_its_value(value: str) -> None:
    made = notebook(annotations={"kubeflow-resource-stopped": value})
    assert stateful_set_of(made, NotebookSettings())["spec"]["replicas"] == 0


def test_all_labels_reach_the_pod_and_most_annotations() -> None:
    made = notebook(
        labels={"access-ml-pipeline": "true", "notebook-name": "mine"},
        annotations={
            "sidecar.istio.io/inject": "false",
            "kubectl.kubernetes.io/last-applied-configuration": "{}",
            "notebooks.kubeflow.org/creator": "jane",
        },
    )
    assert pod_of(made)["metadata"] == {
        "labels": {"statefulset": "nb", "notebook-name": "mine", "access-ml-pipeline": "true"},
        "annotations": {"sidecar.istio.io/inject": "false"},
    }


def test_what_a_user_has_set_stays_a_prefix_too() -> None:
    env = [{"name": "NB_PREFIX", "value": "/mine"}]
    ports = [{"containerPort": 80}]
    made = notebook({"env": env, "ports": ports, "workingDir": "/work"})
    (container,) = pod_of(made)["spec"]["containers"]
    assert (container["env"], container["ports"]) == (env, ports)
    assert container["workingDir"] == "/work"
    assert service_of(made)["spec"]["ports"][0]["targetPort"] == 80


@pytest.mark.parametrize(
    ("context", "adds", "found"),
    [
        (None, True, {"fsGroup": 100}),
        ({}, True, {}),
        ({"runAsUser": 5}, True, {"runAsUser": 5}),
        (None, False, None),
    ],
)
def test_a_group_of_files_is_given_where_no_context_is(
    context: Any, adds: bool, found: Any
) -> None:
    made = notebook(pod={} if context is None else {"securityContext": context})
    assert pod_of(made, add_fs_group=adds)["spec"].get("securityContext") == found


def test_amounts_are_written_as_kubernetes_writes_them() -> None:
    amounts = {"cpu": "0.5", "memory": "1.0Gi"}
    limits = {"cpu": "0.6", "memory": "1.2Gi", "nvidia.com/gpu": 1}
    made = notebook({"resources": {"requests": amounts, "limits": limits}})
    (container,) = pod_of(made)["spec"]["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"cpu": "600m", "memory": "1288490188800m", "nvidia.com/gpu": "1"},
    }
    assert amounts["cpu"] == "0.5"  # the Notebook stays as it is
    assert "annotations" not in pod_of(made)["metadata"]


def test_a_service_leads_to_the_first_port() -> None:
    (port,) = service_of(notebook())["spec"]["ports"]
    assert port == {"name": "http-nb", "port": 80, "targetPort": 8888, "protocol": "TCP"}


@pytest.mark.parametrize(
    ("annotations", "rewrite", "headers"),
    [
        ({}, "/notebook/team/nb/", {}),
        ({"http-rewrite-uri": "/", "http-headers-request-set": '{"X":"1"}'}, "/", {"X": "1"}),
        ({"http-rewrite-uri": "", "http-headers-request-set": "{"}, "/notebook/team/nb/", {}),
        ({"http-headers-request-set": '{"X":1}'}, "/notebook/team/nb/", {}),
        ({"http-headers-request-set": "[]"}, "/notebook/team/nb/", {}),
        # Seen at the real controller: Go reads null into a text as an empty one.
        ({"http-headers-request-set": '{"X":null}'}, "/notebook/team/nb/", {"X": ""}),
    ],
)
def test_the_gateway_gets_a_route(
    annotations: dict[str, str], rewrite: str, headers: dict[str, str]
) -> None:
    named = {f"notebooks.kubeflow.org/{key}": value for key, value in annotations.items()}
    made = virtual_service_of(notebook(annotations=named), NotebookSettings())
    assert made["metadata"]["name"] == "notebook-team-nb"
    assert made["spec"]["hosts"] == ["*"]
    assert made["spec"]["gateways"] == ["kubeflow/kubeflow-gateway"]
    (http,) = made["spec"]["http"]
    assert http["match"] == [{"uri": {"prefix": "/notebook/team/nb/"}}]
    assert http["rewrite"] == {"uri": rewrite}
    assert http["headers"] == {"request": {"set": headers}}
    host = {"host": "nb.team.svc.cluster.local", "port": {"number": 80}}
    assert http["route"] == [{"destination": host}]


def test_the_status_is_that_of_the_pod() -> None:
    running = {"running": {"startedAt": NOW}}
    pod = {
        "status": {
            "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2025-01-01T00:00:00Z"},
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"},
            ],
            "containerStatuses": [
                {"name": "proxy", "state": {}},
                {"name": "nb", "state": running},
            ],
        }
    }
    found = status_of(notebook(), {"status": {"readyReplicas": 1}}, pod, now=NOW)
    assert (found["readyReplicas"], found["containerState"]) == (1, running)
    first, second = found["conditions"]
    assert first["lastTransitionTime"] == "2025-01-01T00:00:00Z"
    assert (first["lastProbeTime"], second["reason"]) == (NOW, "Unschedulable")


def test_without_a_pod_or_a_container_of_its_name_there_is_less_to_tell() -> None:
    nothing = {"conditions": [], "containerState": {}, "readyReplicas": 0}
    assert status_of(notebook(), None, None, now=NOW) == nothing
    statuses = [{"name": "other", "state": {"running": {}}}]
    pod = {"status": {"containerStatuses": statuses}}
    found = status_of(notebook(), {"status": {"readyReplicas": 1}}, pod, now=NOW)
    assert (found["containerState"], found["readyReplicas"]) == ({}, 1)


def kernel(state: str, time: str) -> dict[str, str]:
    return {"execution_state": state, "last_activity": time}


@pytest.mark.parametrize(
    ("kernels", "found"),
    [
        ([kernel("busy", "2025-01-01T00:00:00.1Z"), kernel("idle", NOW)], NOW),
        ([kernel("starting", "")], NOW),
        (
            [kernel("idle", "2025-01-01T00:00:00.5Z"), kernel("idle", "2025-01-02T00:00:00.5Z")],
            "2025-01-02T00:00:00Z",
        ),
        # Seen at the real controller: a zone stays what it is.
        ([kernel("idle", "2099-01-02T03:04:05.5+02:00")], "2099-01-02T03:04:05+02:00"),
        ([kernel("idle", "2099-01-02T03:04:05+00:00")], "2099-01-02T03:04:05Z"),
        ([kernel("idle", "yesterday")], None),
        ([], None),
        (None, None),
        ({"message": "not found"}, None),
    ],
)
def test_activity_is_that_of_kernels(kernels: Any, found: str | None) -> None:
    assert last_activity(kernels, NOW) == found
