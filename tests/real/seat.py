"""One seat of API priority and fairness for a service account, and a request that holds it."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pytest_kubeflow.k8s.client import KubernetesClient

_GROUP = ("flowcontrol.apiserver.k8s.io", "v1")
_NAME = "one-seat"
_RESOURCES = ["configmaps", "pods"]
_LEVEL_HEADER = "X-Kubernetes-Pf-Prioritylevel-Uid"
_SECONDS = 60.0
_OBJECTS, _BYTES = 30, 1_000_000


@contextmanager
def one_seat(
    kubernetes: KubernetesClient, account: KubernetesClient, namespace: str
) -> Iterator[None]:
    """What the namespace's account `default` asks of pods and ConfigMaps has one seat."""
    limited = {
        "nominalConcurrencyShares": 0,
        "lendablePercent": 0,
        "borrowingLimitPercent": 0,
        "limitResponse": {"type": "Reject"},
    }
    user = {"name": "default", "namespace": namespace}
    rule = {"verbs": ["*"], "apiGroups": [""], "resources": _RESOURCES, "namespaces": ["*"]}
    subjects = [{"kind": "ServiceAccount", "serviceAccount": user}]
    specs: dict[str, Any] = {
        "PriorityLevelConfiguration": {"type": "Limited", "limited": limited},
        "FlowSchema": {
            "matchingPrecedence": 100,
            "priorityLevelConfiguration": {"name": _NAME},
            "distinguisherMethod": {"type": "ByUser"},
            "rules": [{"subjects": subjects, "resourceRules": [rule]}],
        },
    }
    made = []
    try:
        for kind, spec in specs.items():
            obj = {
                "apiVersion": "/".join(_GROUP),
                "kind": kind,
                "metadata": {"name": _NAME},
                "spec": spec,
            }
            plural = f"{kind.lower()}s"
            created = kubernetes.custom.create_cluster_custom_object(*_GROUP, plural, obj)
            made.append((plural, created["metadata"]["uid"]))
        _wait_until_it_counts(account, namespace, made[0][1])
        yield
    finally:
        for plural, _ in reversed(made):
            kubernetes.custom.delete_cluster_custom_object(*_GROUP, plural, _NAME)


def _wait_until_it_counts(account: KubernetesClient, namespace: str, level: str) -> None:
    ends = time.monotonic() + _SECONDS
    while True:
        _, _, headers = account.core.list_namespaced_pod_with_http_info(namespace)
        if headers.get(_LEVEL_HEADER) == level:
            return
        assert time.monotonic() < ends
        time.sleep(0.1)


def fill(kubernetes: KubernetesClient, namespace: str) -> None:
    """Make more than the buffers of a connection hold."""
    for number in range(_OBJECTS):
        kubernetes.core.create_namespaced_config_map(
            namespace, {"metadata": {"name": f"large-{number}"}, "data": {"x": "x" * _BYTES}}
        )


@contextmanager
def seat_held(kubeconfig: Path, ca: Path, namespace: str) -> Iterator[None]:
    """Ask for the ConfigMaps, and read no more than the beginning of the response."""
    config = json.loads(kubeconfig.read_text())
    url = urlsplit(config["clusters"][0]["cluster"]["server"])
    token = config["users"][0]["user"]["token"]
    context = ssl.create_default_context(cafile=str(ca))
    address = (str(url.hostname), int(url.port or 443))
    with (
        socket.create_connection(address, _SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=address[0]) as connection,
    ):
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        lines = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}", f"Authorization: Bearer {token}"]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
        yield
