"""One embedded platform for all tests of what it holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import LocalKubeflow


@pytest.fixture(scope="package")
def platform() -> Iterator[LocalKubeflow]:
    """A platform with its gateway."""
    with LocalKubeflow() as cluster:
        yield cluster


@pytest.fixture(scope="package")
def beside_us() -> Iterator[KubernetesClient]:
    """The API server of one that is in this machine's network, as the servers of its tests are."""
    with LocalKubeflow(pod_network="shared") as cluster:
        client = KubernetesClient(cluster.endpoints.kubeconfig)
        yield client
        client.close()


@pytest.fixture(scope="package")
def kubernetes(platform: LocalKubeflow) -> Iterator[KubernetesClient]:
    """Its API server, as an administrator."""
    client = KubernetesClient(platform.endpoints.kubeconfig)
    yield client
    client.close()
