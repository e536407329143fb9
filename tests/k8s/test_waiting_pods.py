"""What pods that have not started are said to wait for, on the embedded cluster."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.lifecycle import waiting_pods
from tests.cluster.remote import NAMESPACE, Remote, wait_until

LABEL = "tests/waits-for"
MISSING = {"secretKeyRef": {"name": "no-such-secret", "key": "k"}}


@pytest.mark.parametrize(
    ("name", "container", "message"),
    [
        ("image", {"image": "nowhere.example.com/none:1"}, r"waiting for an image: \w*Image\w+"),
        (
            "secret",
            {"image": "python:3.11", "env": [{"name": "V", "valueFrom": MISSING}]},
            "waiting for a container: CreateContainerConfigError",
        ),
    ],
)
def test_what_a_pod_waits_for(
    remote: Remote, name: str, container: dict[str, object], message: str
) -> None:
    core = remote.core
    pod = {
        "metadata": {"name": f"waits-for-{name}", "labels": {LABEL: name}},
        "spec": {"containers": [{"name": "main", "command": ["true"], **container}]},
    }
    kubernetes = KubernetesClient(Path(remote.endpoints.kubeconfig))

    def waits_for() -> str:
        return waiting_pods(kubernetes, NAMESPACE, label=LABEL).get(name, "")

    core.create_namespaced_pod(NAMESPACE, pod)
    try:
        wait_until(lambda: re.fullmatch(message, waits_for()))
    finally:
        core.delete_namespaced_pod(f"waits-for-{name}", NAMESPACE, grace_period_seconds=0)
