"""The embedded cluster as a remote one, for this folder's tests."""

from collections.abc import Iterator

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from tests.cluster.remote import Remote, _clean_environment, remote

__all__ = ["_clean_environment", "remote"]


@pytest.fixture(scope="module")
def kubernetes(remote: Remote) -> Iterator[KubernetesClient]:
    client = KubernetesClient(remote.endpoints.kubeconfig)
    yield client
    client.close()
