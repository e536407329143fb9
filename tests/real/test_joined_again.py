"""A real API server outlives the embedded Kubeflow: it starts again where another has been."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.real.controlplane import ControlPlane
from tests.real.joined.conftest import newest_trainer
from tests.real.sessions import run_suites

pytestmark = pytest.mark.usefixtures("routable")

_START_SECONDS = 120.0
_PYTHAGOREAN = "suites/pipelines/test_pythagorean.py"
_MIRROR = "kubernetes.io/config.mirror"


@pytest.fixture(scope="module")
def kubernetes(control_plane: ControlPlane) -> Iterator[KubernetesClient]:
    client = KubernetesClient(control_plane.admin)
    yield client
    client.close()


def shown(kubernetes: KubernetesClient) -> list[str]:
    """The pods that stand for programs of the embedded Kubeflow."""
    pods = kubernetes.core.list_pod_for_all_namespaces().items
    return [one.metadata.name for one in pods if _MIRROR in (one.metadata.annotations or {})]


def test_after_a_kill_it_goes_on_and_after_a_stop_none_of_its_pods_is_left(
    control_plane: ControlPlane, kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    with LocalKubeflow(
        kubeconfig=control_plane.admin, trainer=newest_trainer(), start_timeout=_START_SECONDS
    ) as killed:
        assert killed.pid is not None
        os.kill(killed.pid, signal.SIGKILL)
    assert shown(kubernetes)
    with LocalKubeflow(
        kubeconfig=control_plane.admin, trainer=newest_trainer(), start_timeout=_START_SECONDS
    ) as again:
        run_suites(again.endpoints, tmp_path, _PYTHAGOREAN)
    assert not shown(kubernetes)
