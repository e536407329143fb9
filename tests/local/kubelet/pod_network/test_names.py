"""Names of the cluster inside pods: Services, headless ones, and the pods behind those."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.kube import Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import ENDPOINTS, SERVICES
from tests.local.kubelet.conftest import NAMESPACE, Cluster, sh


def make(cluster: Cluster, resource: Resource, name: str, **fields: Any) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    return cluster.do(cluster.client.create(resource, {"metadata": metadata, **fields}))


@pytest.fixture(scope="module")
def headless(cluster: Cluster) -> str:
    """A headless Service with two pods, of which one has a host name in it."""
    name = "members"
    addresses = [{"ip": "127.9.9.1", "hostname": "m-0"}, {"ip": "127.9.9.2"}]
    make(cluster, SERVICES, name, spec={"clusterIP": "None"})
    make(cluster, ENDPOINTS, name, subsets=[{"addresses": addresses}])
    return name


def address(cluster: Cluster, name: str) -> set[str]:
    """What a program in a pod finds under a name."""
    script = (
        "import socket, sys; "
        f"print(*sorted(one[4][0] for one in socket.getaddrinfo({name!r}, 80, socket.AF_INET, "
        "socket.SOCK_STREAM)))"
    )
    return set(cluster.output(sh(f'python3 -c "{script}"')).split())


@pytest.mark.parametrize(
    "end", ["", f".{NAMESPACE}", f".{NAMESPACE}.svc", f".{NAMESPACE}.svc.cluster.local"]
)
def test_a_pod_of_a_headless_service_has_a_name(cluster: Cluster, headless: str, end: str) -> None:
    assert address(cluster, f"m-0.{headless}{end}") == {"127.9.9.1"}
    assert address(cluster, f"{headless}{end}") == {"127.9.9.1", "127.9.9.2"}


def test_names_follow_the_endpoints_into_pods_that_run(cluster: Cluster) -> None:
    name = "later"
    make(cluster, SERVICES, name, spec={"clusterIP": "None"})
    pod = cluster.create(sh(f"until grep -q 'm-0.{name}' /etc/hosts; do sleep 0.05; done"))
    cluster.until(pod, lambda one: (one.get("status") or {}).get("phase") == "Running")
    addresses = [{"ip": "127.9.9.3", "hostname": "m-0"}]
    make(cluster, ENDPOINTS, name, subsets=[{"addresses": addresses}])
    assert cluster.finished(pod)["status"]["phase"] == "Succeeded"
