"""What keeps a pod from starting ends the wait for it, with the cause in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kubeflow.errors import PodFailed, WaitTimeout
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.lifecycle import wait_for_end
from pytest_kubeflow.waiting import Deadline
from tests.cluster.remote import NAMESPACE, Remote


@pytest.fixture(scope="module")
def unbound(remote: Remote) -> Iterator[str]:
    """A claim for which nobody makes a volume."""
    name = "no-class"
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "",
        "resources": {"requests": {"storage": "1Gi"}},
    }
    body = {"metadata": {"name": name}, "spec": spec}
    remote.core.create_namespaced_persistent_volume_claim(NAMESPACE, body)
    yield name
    remote.core.delete_namespaced_persistent_volume_claim(name, NAMESPACE)


def container(**spec: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "image": "python:3.11", "command": ["true"], **spec}]}


def mounting(**volume: Any) -> dict[str, Any]:
    mounts = [{"name": "v", "mountPath": "/v"}]
    return {**container(volumeMounts=mounts), "volumes": [{"name": "v", **volume}]}


def variable(**source: Any) -> dict[str, Any]:
    return container(env=[{"name": "X", "valueFrom": source}])


CAUSES = {
    "no-secret": (
        mounting(secret={"secretName": "none"}),
        r'its volumes are not mounted: FailedMount: .*secret "none" not found, and that for '
        r"\d+ s \(--kf-start-timeout\)",
    ),
    "no-config-map": (
        mounting(configMap={"name": "none"}),
        r'its volumes are not mounted: FailedMount: .*configmap "none" not found',
    ),
    "no-key": (
        variable(secretKeyRef={"name": "none", "key": "k"}),
        r'its container c cannot be made: CreateContainerConfigError: secret "none" not found',
    ),
    "no-image": (
        container(image="registry.example.com/nobody/taught:1"),
        r"the image 'registry\.example\.com/nobody/taught:1' is not pulled: ImagePullBackOff: "
        r".*\(--kf-base-image, --kf-pod-image-pull-secret\)",
    ),
    "no-name": (
        container(image="UPPER//x:1"),
        r"the image 'UPPER//x:1' is not pulled: InvalidImageName: .*invalid reference format: .* "
        r"\(--kf-base-image, --kf-pod-image-pull-secret\)",
    ),
    "no-class": (
        mounting(persistentVolumeClaim={"claimName": "no-class"}),
        rf"its volume claim {NAMESPACE}/no-class gets no volume: FailedBinding: .*no storage class "
        r"is set \(the cluster has no default one: --kf-storage-class\)",
    ),
    "no-claim": (
        mounting(persistentVolumeClaim={"claimName": "none"}),
        rf"its volume claim {NAMESPACE}/none is not there",
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_wait_ends_early_with_the_cause(
    kubernetes: KubernetesClient, remote: Remote, unbound: str, name: str
) -> None:
    spec, found = CAUSES[name]
    pod = {"metadata": {"name": f"start-{name}"}, "spec": {"restartPolicy": "Never", **spec}}
    remote.core.create_namespaced_pod(NAMESPACE, pod)
    try:
        with pytest.raises(PodFailed, match=rf"cannot start: {found}") as caught:
            wait_for_end(
                kubernetes,
                NAMESPACE,
                f"start-{name}",
                deadline=Deadline.after(120),
                start_timeout=1.0,
            )
    finally:
        remote.core.delete_namespaced_pod(f"start-{name}", NAMESPACE, grace_period_seconds=0)
    assert "cannot read the log" not in str(caught.value)
    assert caught.value.evidence is not None


def test_a_full_cluster_may_have_room_later(kubernetes: KubernetesClient, remote: Remote) -> None:
    resources = {"requests": {"cpu": "1000"}}
    pod = {"metadata": {"name": "start-full"}, "spec": container(resources=resources)}
    remote.core.create_namespaced_pod(NAMESPACE, pod)
    try:
        with pytest.raises(WaitTimeout, match=r"last state: Pending; Unschedulable: .*cpu"):
            wait_for_end(
                kubernetes,
                NAMESPACE,
                "start-full",
                deadline=Deadline.after(4),
                start_timeout=0.5,
            )
    finally:
        remote.core.delete_namespaced_pod("start-full", NAMESPACE, grace_period_seconds=0)
