"""Without a host, but with a kubeconfig, the way in is a port-forward to what stands there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from kubernetes import client

from pytest_kubeflow.cluster import connect
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.redaction import Redactor
from tests.cluster.remote import NAMESPACE, Remote, serving, wait_until
from tests.config.sources import resolved

from .setup import USER, good, in_clear

# A pod that leads to the gateway, as the pods of istio-ingressgateway do.
RELAY = """
import os, socket, threading
target = (os.environ["HOST"], int(os.environ["PORT"]))
def copy(one, other):
    try:
        while chunk := one.recv(65536):
            other.sendall(chunk)
    except OSError:
        pass
    for side in (one, other):
        try:
            side.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
# At every address, unless these are the machine's.
host = os.environ["POD_IP"] if os.environ["POD_IP"].startswith("127.") else ""
listener = socket.create_server((host, 8080))
while True:
    client, _ = listener.accept()
    origin = socket.create_connection(target)
    for pair in ((client, origin), (origin, client)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""

PORTS = [{"name": "http2", "port": 80, "targetPort": "http2"}]


@pytest.fixture
def cluster() -> Iterator[Remote]:
    """One of its own: its Service istio-ingressgateway gets pods, as a real one has them."""
    with serving() as running:
        yield running


@pytest.fixture
def ingress_pod(cluster: Remote) -> str:
    """A pod behind that Service that leads to the gateway; its name."""
    pod_ip = {"fieldRef": {"fieldPath": "status.podIP"}}
    pod = {
        "metadata": {
            "generateName": "ingress-",
            "labels": {"app": "istio-ingressgateway", "istio": "ingressgateway"},
        },
        "spec": {
            # The namespace of the mesh takes no other pods.
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1337,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [
                {
                    "name": "relay",
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                    "image": "python:3.11-slim",
                    "command": ["python3", "-c", RELAY],
                    "ports": [{"name": "http2", "containerPort": 8080}],
                    "readinessProbe": {"tcpSocket": {"port": 8080}, "periodSeconds": 1},
                    "env": [
                        {"name": "HOST", "value": "oauth2-proxy.oauth2-proxy"},
                        {"name": "PORT", "value": "80"},
                        {"name": "POD_IP", "valueFrom": pod_ip},
                    ],
                }
            ],
        },
    }
    name, namespace = "istio-ingressgateway", "istio-system"
    cluster.core.patch_namespaced_service(name, namespace, {"spec": {"ports": PORTS}})
    apps = client.AppsV1Api(cluster.core.api_client)
    apps.patch_namespaced_deployment(name, namespace, {"spec": {"replicas": 0}})
    return start(cluster, pod)


def start(cluster: Remote, pod: object) -> str:
    made = cluster.core.create_namespaced_pod("istio-system", pod)
    name = str(made.metadata.name)

    def is_ready() -> bool:
        found = cluster.core.read_namespaced_pod(name, "istio-system").status
        return any(one.type == "Ready" and one.status == "True" for one in found.conditions or ())

    wait_until(is_ready)
    return name


def test_a_kubeconfig_is_enough(cluster: Remote, ingress_pod: str) -> None:
    config = resolved(good(cluster, host=""), {**os.environ, **in_clear(cluster)})
    entered = connect(config, ownership=Ownership("tests"), redactor=Redactor())
    try:
        assert entered.user == USER
        assert entered.multi_user
        origin = "port-forward to service istio-system/istio-ingressgateway, port 80"
        assert (
            entered.config.described("host") == f"--kf-host={entered.gateway_url} (from {origin})"
        )
        url = f"{entered.kfp_api_url}/apis/v2beta1/experiments?namespace={NAMESPACE}"
        with entered.session() as session:
            assert session.get(url).status_code == 200

        old = cluster.core.read_namespaced_pod(ingress_pod, "istio-system")
        replacement = {
            "metadata": {"generateName": "ingress-", "labels": old.metadata.labels},
            "spec": cluster.core.api_client.sanitize_for_serialization(old.spec),
        }
        replacement["spec"].pop("nodeName", None)
        start(cluster, replacement)
        cluster.core.delete_namespaced_pod(ingress_pod, "istio-system", grace_period_seconds=0)
        with entered.session() as session:  # a connection that was made before ends with its pod
            assert session.get(url).status_code == 200
    finally:
        entered.close()
    assert entered.forward is not None
    with pytest.raises(RuntimeError, match="is not open"):
        _ = entered.forward.url
