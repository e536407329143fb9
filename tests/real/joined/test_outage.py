"""The API server is away for a time while suites run on the embedded Kubeflow that joined it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from tests.real.controlplane import ControlPlane
from tests.real.joined.conftest import PROFILE, SECONDS
from tests.real.sessions import SuiteSession

pytestmark = pytest.mark.usefixtures("routable")

_SUITES = ("suites/pipelines", "suites/volumes", "suites/objectstore")
_WORKFLOWS = ("argoproj.io", "v1alpha1", "workflows")


def workflows(kubernetes: KubernetesClient) -> dict[str, str]:
    """The phases of the Workflows that are there, by their uids."""
    group, version, plural = _WORKFLOWS
    found: list[dict[str, Any]] = kubernetes.custom.list_cluster_custom_object(
        group, version, plural
    )["items"]
    return {one["metadata"]["uid"]: (one.get("status") or {}).get("phase", "") for one in found}


@pytest.fixture
def of_others(joined: Endpoints, kubernetes: KubernetesClient) -> Iterator[Callable[[], Any]]:
    """Reads a Workflow that neither Kubeflow Pipelines nor anybody of ours has made."""
    kind = (*_WORKFLOWS[:2], PROFILE, _WORKFLOWS[2])
    made = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "of-others-"},
        "spec": {},
    }
    custom = kubernetes.custom
    name = custom.create_namespaced_custom_object(*kind, made)["metadata"]["name"]
    yield lambda: custom.get_namespaced_custom_object(*kind, name)
    custom.delete_namespaced_custom_object(*kind, name)


class Outages:
    """Takes the API server away while a session goes on, which has to outlive that."""

    def __init__(self, control_plane: ControlPlane, session: SuiteSession) -> None:
        self._control_plane = control_plane
        self._session = session

    def wait_for(self, moment: Callable[[], object]) -> None:
        """Until the session has come so far."""
        ends = time.monotonic() + SECONDS
        while not moment():
            assert not self._session.ends_within(0.2), self._session.output
            assert time.monotonic() < ends, self._session.output

    def away(self, number: signal.Signals, seconds: float) -> None:
        """End the API server, and start it again after as long."""
        # One that ends in order takes its time for that; it counts.
        until = time.monotonic() + seconds
        self._control_plane.stop_api(number)
        try:
            assert not self._session.ends_within(until - time.monotonic()), self._session.output
        finally:
            self._control_plane.start_api()


def test_two_times_without_the_api_server(
    control_plane: ControlPlane,
    embedded: LocalKubeflow,
    kubernetes: KubernetesClient,
    of_others: Callable[[], Any],
    tmp_path: Path,
) -> None:
    """As of a restart of its node while runs are submitted, and of an upgrade while they go on.

    After 40 s without news of a node Kubernetes takes all its pods out of their Services, and puts
    them back much later. Who joins a cluster is not the only one who runs Workflows there: unless
    it is told to, it leaves alone what is not of its pipelines.
    """
    before = workflows(kubernetes).keys()

    def phases() -> list[str]:
        return [phase for uid, phase in workflows(kubernetes).items() if uid not in before]

    with SuiteSession(embedded.endpoints, tmp_path, *_SUITES) as session:
        outages = Outages(control_plane, session)
        outages.wait_for(phases)
        outages.away(signal.SIGKILL, 60.0)
        # What was submitted before has ended; the rest of the session is before it.
        outages.wait_for(lambda: "Succeeded" in phases())
        outages.away(signal.SIGTERM, 20.0)
        counts = session.counts()
        assert counts["tests"] - counts["skipped"] >= 15
        assert "lost on the way" in session.output
    assert "status" not in of_others()
    found = [line.partition(": ")[2] for line in embedded.log.splitlines()]
    away = [line for line in found if "API server is" in line or "connection refused" in line]
    assert len(away) == 4, embedded.log
    assert all(line.startswith("the API server is away, and is waited for: ") for line in away[::2])
    assert all(line.startswith("the API server is back after ") for line in away[1::2])
