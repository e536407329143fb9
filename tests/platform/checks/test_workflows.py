"""Argo's executor, its right to write results, and where artifacts go."""

from __future__ import annotations

import pytest

from pytest_kubeflow.platform.snapshot import Object
from tests.platform.broken.whole import a_snapshot, findings
from tests.platform.objects import (
    a_config,
    a_container,
    a_deployment,
    a_node,
    a_pod,
    a_service,
    a_slice,
    a_warning,
)

_CONFIG = "workflow-controller-configmap"


def _codes(*objects: Object) -> list[str]:
    return [one.code for one in findings(a_snapshot(*objects))]


@pytest.mark.parametrize(
    ("data", "codes"),
    [
        ({"containerRuntimeExecutor": "docker"}, ["KF801"]),
        ({"containerRuntimeExecutors": "- name: pns"}, ["KF801"]),
        ({"config": "{ namespace: kubeflow,\n  containerRuntimeExecutor: emissary }"}, ["KF801"]),
        ({"config": "# containerRuntimeExecutor: pns\nexecutor: {}"}, []),
        ({"executor": "imagePullPolicy: IfNotPresent"}, []),
    ],
)
def test_settings_that_argo_no_longer_has(data: dict[str, str], codes: list[str]) -> None:
    assert _codes(a_config(_CONFIG, **data)) == codes


def _old_argo(version: str) -> Object:
    image = f"gcr.io/ml-pipeline/workflow-controller:{version}-license-compliance"
    return a_deployment("workflow-controller", image=image)


def test_an_older_argo_knows_the_setting() -> None:
    def codes(executor: str, runtime: str) -> list[str]:
        node = a_node("node-a")
        node["status"]["nodeInfo"]["containerRuntimeVersion"] = runtime
        config = a_config(_CONFIG, containerRuntimeExecutor=executor)
        found = findings(a_snapshot(_old_argo("v3.3.10"), config, node))
        return [one.code for one in found if one.code != "KF711"]

    assert codes("emissary", "containerd://2.1.0") == []
    assert codes("docker", "docker://20.10.0") == []
    assert codes("docker", "containerd://2.1.0") == ["KF801"]


def test_the_setting_explains_that_the_controller_crashes() -> None:
    last = {"exitCode": 1, "reason": "Error"}
    crash = a_container(waiting="CrashLoopBackOff", restarts=7, last=last)
    pod = a_pod("workflow-controller-0", crash, owner=("Deployment", "workflow-controller"))
    config = a_config(_CONFIG, containerRuntimeExecutor="pns")
    assert _codes(pod) == ["KF101"]
    assert _codes(pod, config) == ["KF801"]


def test_a_config_map_of_another_name_is_none_of_argos() -> None:
    assert _codes(a_config("other", containerRuntimeExecutor="pns")) == []


def _wait(message: str, owner: tuple[str, str] = ("Workflow", "w")) -> Object:
    ended = {"exitCode": 64, "message": message}
    spec = {"serviceAccountName": "default"}
    container = a_container("wait", ended=ended)
    return a_pod("w-1", container, namespace="team", owner=owner, phase="Failed", spec=spec)


def test_what_a_task_ended_with_tells() -> None:
    message = (
        'workflowtaskresults.argoproj.io is forbidden: User "system:serviceaccount:team:default" '
        'cannot create resource "workflowtaskresults"'
    )
    (found,) = findings(a_snapshot(_wait(message)))
    assert found.sentence == (
        "workflows in team that run as default may not write workflowtaskresults.argoproj.io"
    )
    assert "--serviceaccount=team:default" in found.fix
    event = a_warning("Workflow", "w", "WorkflowFailed", f"Error (exit code 64): {message}", "team")
    assert _codes(event) == ["KF802"]
    assert _codes(_wait(message, ("Job", "w"))) == []


@pytest.mark.parametrize(
    ("message", "codes"),
    [
        (
            "failed to put file: The Access Key Id you provided does not exist in our records",
            ["KF803"],
        ),
        ("SignatureDoesNotMatch: The request signature we calculated does not match", ["KF803"]),
        ("failed to put file: 503 Slow Down", []),
        ('pods "x" is forbidden: User "y" cannot patch resource "pods"', []),
    ],
)
def test_keys_that_the_store_refuses(message: str, codes: list[str]) -> None:
    assert _codes(_wait(message)) == codes


def _repository(endpoint: str) -> Object:
    data = f'{{"archiveLogs": true, "s3": {{"endpoint": "{endpoint}", "bucket": "mlpipeline"}}}}'
    return a_config("artifact-repositories", "team", **{"default-namespaced": data})


@pytest.mark.parametrize(
    ("endpoint", "codes"),
    [
        ("seaweedfs.kubeflow:8333", []),
        ("seaweedfs.kubeflow.svc.cluster.local:8333", []),
        ("minio-service.kubeflow:9000", ["KF803"]),
        ("minio-service.kubeflow.svc.cluster.local:9000", ["KF803"]),
        ("s3.amazonaws.com", []),
        ("s3.eu-west-1.amazonaws.com:443", []),
        ("minio.example.org:9000", []),
        ("minio.lan:9000", []),
    ],
)
def test_a_store_of_the_cluster_must_be_there(endpoint: str, codes: list[str]) -> None:
    assert _codes(_repository(endpoint)) == codes


def test_argos_own_repository_is_looked_at_too() -> None:
    data = "s3:\n  bucket: mlpipeline\n  endpoint: minio-service.kubeflow:9000\n  insecure: true\n"
    assert _codes(a_config(_CONFIG, artifactRepository=data)) == ["KF803"]


def test_a_store_without_a_ready_pod() -> None:
    service, away = a_service("old", app="old"), a_slice("old", ready=False)
    (found,) = findings(a_snapshot(_repository("old.kubeflow:9000"), service, away))
    assert found.sentence.endswith("sends them to Service kubeflow/old, which has no ready pod")
