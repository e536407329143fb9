"""The embedded Kubeflow that has joined the control plane, for all tests here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.local.training.release import RELEASES
from tests.real.controlplane import ControlPlane
from tests.real.programs import kubernetes_version

PROFILE = "kubeflow-user-example-com"
SECONDS = 300.0


def newest_trainer() -> str:
    """The newest release of Trainer that this Kubernetes takes."""
    minor = int(kubernetes_version().split(".")[1])
    return max(one.name for one in RELEASES.values() if one.least_kubernetes <= minor)


@pytest.fixture(scope="package")
def embedded(control_plane: ControlPlane) -> Iterator[LocalKubeflow]:
    with LocalKubeflow(
        kubeconfig=control_plane.admin, trainer=newest_trainer(), start_timeout=SECONDS
    ) as running:
        yield running


@pytest.fixture(scope="package")
def joined(embedded: LocalKubeflow) -> Endpoints:
    return embedded.endpoints


@pytest.fixture(scope="package")
def kubernetes(control_plane: ControlPlane) -> Iterator[KubernetesClient]:
    """By the administrator's kubeconfig."""
    client = KubernetesClient(control_plane.admin)
    yield client
    client.close()


def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.1)
