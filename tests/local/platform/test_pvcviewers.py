"""Viewers go through the webhooks of their controller, which the API server asks."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from pytest_kubeflow.k8s.client import KubernetesClient

WHERE = ("kubeflow.org", "v1alpha1", "kubeflow-user-example-com", "pvcviewers")


def made(kubernetes: KubernetesClient, **spec: Any) -> dict[str, Any]:
    """The viewer as it would be made; nothing is kept."""
    body = {
        "apiVersion": "kubeflow.org/v1alpha1",
        "kind": "PVCViewer",
        "metadata": {"name": "v"},
        "spec": spec,
    }
    api = client.CustomObjectsApi(kubernetes.core.api_client)
    found: dict[str, Any] = api.create_namespaced_custom_object(*WHERE, body, dry_run="All")
    return found


def test_one_that_says_nothing_of_its_pod_gets_one(kubernetes: KubernetesClient) -> None:
    spec = made(kubernetes, pvc="data")["spec"]
    (container,) = spec["podSpec"]["containers"]
    assert container["image"] == "filebrowser/filebrowser:latest"
    assert spec["podSpec"]["volumes"][0]["persistentVolumeClaim"] == {"claimName": "data"}


def test_one_that_does_not_use_its_claim_is_refused(kubernetes: KubernetesClient) -> None:
    pod = {"containers": [{"name": "main", "image": "busybox"}]}
    with pytest.raises(ApiException) as refused:
        made(kubernetes, pvc="data", podSpec=pod)
    assert refused.value.status == 403
    message = (
        'admission webhook \\"vpvcviewer.kb.io\\" denied the request: PVC data must be used in'
    )
    assert message in str(refused.value.body)
