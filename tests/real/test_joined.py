"""The embedded Kubeflow on a real control plane: its node, its start and end, what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.kubelet.podnetwork import CONDITION
from tests.real.controlplane import ControlPlane
from tests.real.kubeconfigs import of_account
from tests.real.sessions import run_suites

_NODE = "kubeflow-local"
_PROFILE = "kubeflow-user-example-com"
_SECONDS = 120.0


@pytest.fixture(scope="module")
def joined(control_plane: ControlPlane) -> Iterator[Endpoints]:
    with LocalKubeflow(kubeconfig=control_plane.admin, start_timeout=_SECONDS) as running:
        yield running.endpoints


@pytest.fixture(scope="module")
def kubernetes(control_plane: ControlPlane) -> Iterator[KubernetesClient]:
    client = KubernetesClient(control_plane.admin)
    yield client
    client.close()


def until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.1)


@pytest.mark.usefixtures("routable")
def test_the_suites_pass(joined: Endpoints, tmp_path: Path) -> None:
    counts = run_suites(joined, tmp_path)
    assert counts["tests"] - counts["skipped"] >= 50


@pytest.mark.usefixtures("routable")
def test_a_profile_owners_account_is_enough_for_pipelines_and_volumes(
    control_plane: ControlPlane, joined: Endpoints, tmp_path: Path
) -> None:
    file = of_account(control_plane.admin, _PROFILE, "default-editor", tmp_path / "editor")
    suites = ("suites/pipelines/test_pythagorean.py", "suites/volumes")
    counts = run_suites(joined, tmp_path, *suites, kubeconfig=file)
    assert counts["tests"] > counts["skipped"]


@pytest.mark.usefixtures("routable")
def test_workflows_of_others_are_left_alone(
    joined: Endpoints, kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    """Who joins a cluster is not the only one who runs Workflows there."""
    kind = ("argoproj.io", "v1alpha1", _PROFILE, "workflows")
    made = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "of-others-"},
        "spec": {},
    }
    name = kubernetes.custom.create_namespaced_custom_object(*kind, made)["metadata"]["name"]
    run_suites(joined, tmp_path, "suites/pipelines/test_pythagorean.py")
    found = kubernetes.custom.get_namespaced_custom_object(*kind, name)
    assert "status" not in found
    kubernetes.custom.delete_namespaced_custom_object(*kind, name)


@pytest.mark.usefixtures("routable")
def test_node_and_pods_have_addresses_that_the_api_server_makes_endpoints_of(
    joined: Endpoints, kubernetes: KubernetesClient
) -> None:
    node = kubernetes.core.read_node(_NODE)
    conditions = {one.type: one.status for one in node.status.conditions}
    assert conditions[CONDITION] == "True"
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
    kubernetes.core.create_namespaced_service_account(_PROFILE, {"metadata": {"name": name}})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole"}
    binding = {
        "metadata": {"name": name},
        "roleRef": {**role, "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": _PROFILE}],
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
        issued = kubernetes.core.create_namespaced_service_account_token(account, _PROFILE, {})
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


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file or directory"),
        ("[", "is no kubeconfig"),
        ("{}", "no None among contexts"),
        (json.dumps({"current-context": "a", "contexts": [{"name": "a"}]}), "is no kubeconfig"),
    ],
)
def test_a_broken_kubeconfig_is_one_line(content: str | None, told: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_text(content)
    code, output = _start(file)
    assert code == 1
    assert told in output
    assert len(output.splitlines()) == 1, output


def test_too_few_rights_are_one_line(control_plane: ControlPlane) -> None:
    code, output = _start(control_plane.kubeconfig("jane", ["developers"]))
    assert code == 1
    assert 'User "jane" cannot' in output
    assert len(output.splitlines()) == 1, output


def _start(kubeconfig: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_kubeflow.local", "--kubeconfig", str(kubeconfig)],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
