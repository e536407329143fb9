"""The acceptance suites on the embedded Kubeflow that has joined a real control plane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from tests.real.controlplane import ControlPlane
from tests.real.joined.conftest import PROFILE, SECONDS, newest_trainer
from tests.real.kubeconfigs import of_account
from tests.real.sessions import run_suites

pytestmark = pytest.mark.usefixtures("routable")


@pytest.fixture(scope="module")
def joined(control_plane: ControlPlane) -> Iterator[Endpoints]:
    """One that runs people's Workflows, too: there is nobody else who does."""
    with LocalKubeflow(
        kubeconfig=control_plane.admin,
        workflows=True,
        trainer=newest_trainer(),
        start_timeout=SECONDS,
    ) as running:
        yield running.endpoints


def test_the_suites_pass(joined: Endpoints, tmp_path: Path) -> None:
    # Components of a cluster that is joined are mirror pods there: nobody has installed a platform.
    counts = run_suites(joined, tmp_path, "suites", "--ignore=suites/platform")
    assert counts["tests"] - counts["skipped"] >= 180


def test_a_profile_owners_account_is_enough_for_pipelines_and_volumes(
    control_plane: ControlPlane, joined: Endpoints, tmp_path: Path
) -> None:
    file = of_account(control_plane.admin, PROFILE, "default-editor", tmp_path / "editor")
    suites = ("suites/pipelines/test_pythagorean.py", "suites/volumes")
    counts = run_suites(joined, tmp_path, *suites, kubeconfig=file)
    assert counts["tests"] > counts["skipped"]
