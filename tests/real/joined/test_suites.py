"""The acceptance suites on the embedded Kubeflow that has joined a real control plane."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.endpoints import Endpoints
from tests.real.controlplane import ControlPlane
from tests.real.joined.conftest import PROFILE
from tests.real.kubeconfigs import of_account
from tests.real.sessions import run_suites

pytestmark = pytest.mark.usefixtures("routable")


def test_the_suites_pass(joined: Endpoints, tmp_path: Path) -> None:
    # Components of a cluster that is joined are mirror pods there: nobody has installed a platform.
    # Nor does who joins run the Workflows of others there.
    left = ("--ignore=suites/platform", "--ignore=suites/workflows")
    counts = run_suites(joined, tmp_path, "suites", *left)
    assert counts["tests"] - counts["skipped"] >= 110


def test_a_profile_owners_account_is_enough_for_pipelines_and_volumes(
    control_plane: ControlPlane, joined: Endpoints, tmp_path: Path
) -> None:
    file = of_account(control_plane.admin, PROFILE, "default-editor", tmp_path / "editor")
    suites = ("suites/pipelines/test_pythagorean.py", "suites/volumes")
    counts = run_suites(joined, tmp_path, *suites, kubeconfig=file)
    assert counts["tests"] > counts["skipped"]


def test_workflows_of_others_are_left_alone(
    joined: Endpoints, kubernetes: KubernetesClient, tmp_path: Path
) -> None:
    """Who joins a cluster is not the only one who runs Workflows there."""
    kind = ("argoproj.io", "v1alpha1", PROFILE, "workflows")
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
