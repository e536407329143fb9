"""The API server is away for a time while suites run on the embedded Kubeflow that joined it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.endpoints import Endpoints
from tests.real.controlplane import ControlPlane
from tests.real.joined.conftest import SECONDS
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


@pytest.mark.parametrize(
    ("number", "moment", "seconds"),
    [
        # As of a restart of its node, and as of an upgrade.
        pytest.param(signal.SIGKILL, len, 60.0, id="while-runs-are-submitted"),
        pytest.param(signal.SIGTERM, lambda seen: "Succeeded" in seen, 20.0, id="while-runs-go-on"),
    ],
)
def test_a_time_without_the_api_server(
    control_plane: ControlPlane,
    joined: Endpoints,
    kubernetes: KubernetesClient,
    tmp_path: Path,
    number: signal.Signals,
    moment: Callable[[list[str]], object],
    seconds: float,
) -> None:
    before = workflows(kubernetes).keys()
    with SuiteSession(joined, tmp_path, *_SUITES) as session:
        ends = time.monotonic() + SECONDS
        while not moment([one for uid, one in workflows(kubernetes).items() if uid not in before]):
            assert not session.ends_within(0.05), session.output
            assert time.monotonic() < ends
        # One that ends in order takes its time for that; it counts. After 40 s without news of a
        # node Kubernetes takes all its pods out of their Services, and puts them back much later.
        away_until = time.monotonic() + seconds
        control_plane.stop_api(number)
        try:
            assert not session.ends_within(away_until - time.monotonic()), session.output
        finally:
            control_plane.start_api()
        counts = session.counts()
        assert counts["tests"] - counts["skipped"] >= 15
        assert "lost on the way" in session.output
