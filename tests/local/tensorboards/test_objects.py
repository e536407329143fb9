"""What is made of a Tensorboard, as functions."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.tensorboards.objects import (
    affinity_to,
    claim_of,
    deployment_of,
    service_of,
    virtual_service_of,
)
from pytest_kubeflow.local.tensorboards.settings import TensorboardSettings

ENV = {
    "TENSORBOARD_IMAGE": "tensorflow/tensorflow:2.5.1",
    "ISTIO_GATEWAY": "kubeflow/kubeflow-gateway",
    "ISTIO_HOST": "*",
    "RWO_PVC_SCHEDULING": "True",
}


def board(path: str, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "tensorboard.kubeflow.org/v1alpha1",
        "kind": "Tensorboard",
        "metadata": {"name": "tb", "namespace": "team", "uid": "1", **metadata},
        "spec": {"logspath": path},
    }


def pod_of(path: str, **metadata: Any) -> dict[str, Any]:
    made = deployment_of(board(path, **metadata), TensorboardSettings.of(ENV), {})
    found: dict[str, Any] = made["spec"]["template"]
    return found


@pytest.mark.parametrize(
    ("path", "claim", "mount", "logdir"),
    [
        ("pvc://c/logs/a", "c", {"mountPath": "/tensorboard_logs/", "subPath": "logs/a"}, None),
        ("pvc://c", "c", {"mountPath": "/tensorboard_logs/"}, None),
        ("pvc://c/", "c", {"mountPath": "/tensorboard_logs/"}, None),
        ("/logs", "tb-volume", {"mountPath": "/logs"}, "/logs"),
    ],
)
def test_logs_on_a_claim(path: str, claim: str, mount: dict[str, str], logdir: str | None) -> None:
    spec = pod_of(path)["spec"]
    (container,) = spec["containers"]
    assert claim_of(board(path)) == claim
    assert spec["volumes"] == [{"name": "tbpd", "persistentVolumeClaim": {"claimName": claim}}]
    assert container["volumeMounts"] == [{"name": "tbpd", "readOnly": True, **mount}]
    assert container["args"] == [f"--logdir={logdir or '/tensorboard_logs/'}", "--bind_all"]


def test_logs_in_buckets() -> None:
    (google,) = pod_of("gs://b/l")["spec"]["volumes"]
    assert google == {"name": "gcp-creds", "secret": {"secretName": "user-gcp-sa"}}
    for path in ("s3://b/l", "/cns/x"):
        assert claim_of(board(path)) is None
        assert "volumes" not in pod_of(path)["spec"]
        assert pod_of(path)["spec"]["containers"][0]["args"][0] == f"--logdir={path}"


def test_labels_are_the_pods() -> None:
    labels = pod_of("s3://b", labels={"access-s3": "true", "app": "mine"})["metadata"]["labels"]
    assert labels == {"access-s3": "true", "app": "tb"}


def test_its_way_through_the_gateway() -> None:
    (route,) = virtual_service_of(board("s3://b"), TensorboardSettings.of(ENV))["spec"]["http"]
    assert route["match"] == [{"uri": {"prefix": "/tensorboard/team/tb/"}}]
    assert (route["rewrite"], route["timeout"]) == ({"uri": "/"}, "300s")
    assert service_of(board("s3://b"))["spec"]["ports"] == [
        {"name": "http-tb", "port": 80, "targetPort": 6006}
    ]


def test_its_node_is_that_of_a_running_pod() -> None:
    def using(phase: str, node: str) -> dict[str, Any]:
        volume = {"name": "v", "persistentVolumeClaim": {"claimName": "c"}}
        return {
            "metadata": {"namespace": "team"},
            "spec": {"nodeName": node, "volumes": [volume]},
            "status": {"phase": phase},
        }

    claim = {"metadata": {"name": "c", "namespace": "team"}}
    once = {**claim, "status": {"accessModes": ["ReadWriteOnce"]}}
    many = {**claim, "status": {"accessModes": ["ReadWriteMany"]}}
    pods = [using("Pending", "a"), using("Running", "b")]
    (preferred,) = affinity_to(once, pods)["nodeAffinity"][
        "preferredDuringSchedulingIgnoredDuringExecution"
    ]
    assert preferred["preference"]["matchExpressions"][0]["values"] == ["b"]
    assert affinity_to(once, pods[:1]) == affinity_to(many, pods) == affinity_to(claim, pods) == {}


def test_settings_have_to_be_there() -> None:
    assert not TensorboardSettings.of({**ENV, "RWO_PVC_SCHEDULING": "false"}).rwo_scheduling
    with pytest.raises(ValueError, match="RWO_PVC_SCHEDULING"):
        TensorboardSettings.of({**ENV, "RWO_PVC_SCHEDULING": "yes"})
    with pytest.raises(KeyError, match="TENSORBOARD_IMAGE"):
        TensorboardSettings.of({})
