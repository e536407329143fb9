"""The acceptance suites on the embedded Kubeflow that has joined a real control plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.endpoints import Endpoints
from tests.real.controlplane import ControlPlane
from tests.real.joined.conftest import PROFILE
from tests.real.kubeconfigs import of_account
from tests.real.sessions import run_suites

pytestmark = pytest.mark.usefixtures("routable")

WORKFLOWS = ("argoproj.io", "v1alpha1", PROFILE, "workflows")


def test_the_suites_pass(joined: Endpoints, tmp_path: Path) -> None:
    # Components of a cluster that is joined are mirror pods there: nobody has installed a platform.
    # Nor does who joins run the Workflows of others there.
    left = ("--ignore=suites/platform", "--ignore=suites/workflows")
    counts = run_suites(joined, tmp_path, "suites", *left)
    assert counts["tests"] - counts["skipped"] >= 110


@pytest.fixture(scope="module")
def of_others(joined: Endpoints, kubernetes: KubernetesClient) -> Iterator[Callable[[], Any]]:
    """Reads a Workflow that neither a person nor Kubeflow Pipelines has made."""
    made = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "of-others-"},
        "spec": {},
    }
    custom = kubernetes.custom
    name = custom.create_namespaced_custom_object(*WORKFLOWS, made)["metadata"]["name"]
    yield lambda: custom.get_namespaced_custom_object(*WORKFLOWS, name)
    custom.delete_namespaced_custom_object(*WORKFLOWS, name)


def test_a_profile_owners_account_is_enough_for_pipelines_and_volumes(
    control_plane: ControlPlane,
    joined: Endpoints,
    of_others: Callable[[], Any],
    tmp_path: Path,
) -> None:
    """Meanwhile a Workflow of others is left alone: who joins is not the only one who runs them."""
    file = of_account(control_plane.admin, PROFILE, "default-editor", tmp_path / "editor")
    suites = ("suites/pipelines/test_pythagorean.py", "suites/volumes")
    counts = run_suites(joined, tmp_path, *suites, kubeconfig=file)
    assert counts["tests"] > counts["skipped"]
    assert "status" not in of_others()
