"""The node of the embedded Kubeflow on a real control plane."""

from __future__ import annotations

import pytest
import requests

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.network.founding import ROUTABLE
from tests.real.joined.conftest import PROFILE, until

_NODE = "kubeflow-local"


@pytest.mark.usefixtures("routable")
def test_node_and_pods_have_addresses_that_the_api_server_makes_endpoints_of(
    joined: Endpoints, kubernetes: KubernetesClient
) -> None:
    node = kubernetes.core.read_node(_NODE)
    conditions = {one.type: one.status for one in node.status.conditions}
    assert conditions[ROUTABLE] == "True"
    addresses = [one.address for one in node.status.addresses if one.type == "InternalIP"]
    assert not addresses[0].startswith("127.")
    slices = kubernetes.custom.list_namespaced_custom_object(
        "discovery.k8s.io", "v1", "kubeflow", "endpointslices"
    )["items"]
    led = {one["metadata"]["labels"]["kubernetes.io/service-name"] for one in slices}
    assert {"ml-pipeline", "minio-service", "metadata-grpc-service"} <= led


def test_the_api_server_trusts_the_kubelets_certificate(
    joined: Endpoints, kubernetes: KubernetesClient
) -> None:
    """It knows the cluster's CA alone, and asks the node by its API."""
    until(lambda: _proxied(kubernetes, "healthz") == "ok")


def _proxied(kubernetes: KubernetesClient, path: str) -> str:
    from kubernetes.client import ApiException

    try:
        return str(kubernetes.core.connect_get_node_proxy_with_path(_NODE, path))
    except ApiException as error:
        return f"{error.status} {error.body}"


@pytest.fixture(scope="module")
def administrator(joined: Endpoints, kubernetes: KubernetesClient) -> str:
    """A service account of the profile that may do all."""
    name = "administrator"
    kubernetes.core.create_namespaced_service_account(PROFILE, {"metadata": {"name": name}})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole"}
    binding = {
        "metadata": {"name": name},
        "roleRef": {**role, "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": PROFILE}],
    }
    kubernetes.rbac.create_cluster_role_binding(binding)
    return name


def test_the_kubelets_port_asks_who_comes_and_what_they_may(
    joined: Endpoints, kubernetes: KubernetesClient, administrator: str
) -> None:
    node = kubernetes.core.read_node(_NODE)
    address = next(one.address for one in node.status.addresses if one.type == "InternalIP")
    port = node.status.daemon_endpoints.kubelet_endpoint.port

    def status(headers: dict[str, str]) -> int:
        answer = requests.get(
            f"https://{address}:{port}/healthz",
            headers=headers,
            verify=False,  # noqa: S501 (whose certificate it is, is another test's question)
            timeout=30,
        )
        return answer.status_code

    def bearer(account: str) -> dict[str, str]:
        issued = kubernetes.core.create_namespaced_service_account_token(account, PROFILE, {})
        return {"Authorization": f"Bearer {issued.status.token}"}

    assert status({}) == 401
    assert status({"Authorization": "Bearer invented"}) == 401
    assert status(bearer("default-viewer")) == 403
    assert status(bearer(administrator)) == 200


def test_a_node_that_was_away_is_ready_again(
    joined: Endpoints, kubernetes: KubernetesClient
) -> None:
    def ready() -> str:
        node = kubernetes.core.read_node(_NODE)
        return str(next(one.status for one in node.status.conditions if one.type == "Ready"))

    away = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown", "message": "away"}
    kubernetes.core.patch_node_status(_NODE, {"status": {"conditions": [away]}})
    until(lambda: ready() == "True")


def test_a_node_that_was_removed_comes_back(
    joined: Endpoints, kubernetes: KubernetesClient
) -> None:
    before = kubernetes.core.read_node(_NODE).metadata.uid
    kubernetes.core.delete_node(_NODE)
    until(
        lambda: any(
            one.metadata.name == _NODE and one.metadata.uid != before
            for one in kubernetes.core.list_node().items
        )
    )
