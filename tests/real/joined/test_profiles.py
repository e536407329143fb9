"""Profiles and seeded volumes, the plugin's rooms that need controllers and a node of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.namespaces import wait_until_gone
from pytest_kubeflow.k8s.profiles import artifact_keys, create_profile, delete_profile
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.volumes.volume import SeededVolume, Volumes
from pytest_kubeflow.local.endpoints import Endpoints
from pytest_kubeflow.waiting import Deadline
from tests.real.controlplane import ControlPlane
from tests.real.joined.conftest import SECONDS, until
from tests.real.kubeconfigs import of_account
from tests.real.sessions import SuiteSession

_OWNER = "user@example.com"
_OURS = Ownership("tests@real")
_LARGE = bytes(range(256)) * 8000


@pytest.fixture(scope="module")
def profile(joined: Endpoints, kubernetes: KubernetesClient) -> Iterator[str]:
    """One that is made by its custom resource; its namespace goes with it."""
    name = "profile-of-tests"
    create_profile(
        kubernetes, name, owner=_OWNER, labels=_OURS.labels(), deadline=Deadline.after(SECONDS)
    )
    yield name
    delete_profile(kubernetes, name)
    wait_until_gone(kubernetes, name, deadline=Deadline.after(SECONDS))


def test_a_profile_has_all_that_its_owner_needs(
    control_plane: ControlPlane, kubernetes: KubernetesClient, profile: str, tmp_path: Path
) -> None:
    namespace = kubernetes.core.read_namespace(profile)
    assert namespace.metadata.annotations["owner"] == _OWNER
    assert all(artifact_keys(kubernetes, profile))
    may = {}
    for account in ("default-editor", "default-viewer"):
        file = of_account(control_plane.admin, profile, account, tmp_path / account)
        client = KubernetesClient(file)
        may[account] = [client.may(verb, "pods", namespace=profile) for verb in ("get", "create")]
        assert not client.may("get", "pods", namespace="kubeflow")
        client.close()
    assert may == {"default-editor": [True, True], "default-viewer": [True, False]}


def test_a_profile_takes_no_namespace_of_others(
    joined: Endpoints, kubernetes: KubernetesClient
) -> None:
    kind = ("kubeflow.org", "v1", "profiles")
    kubernetes.core.create_namespace({"metadata": {"name": "of-others"}})
    body = {
        "apiVersion": "kubeflow.org/v1",
        "kind": "Profile",
        "metadata": {"name": "of-others"},
        "spec": {"owner": {"kind": "User", "name": _OWNER}},
    }
    kubernetes.custom.create_cluster_custom_object(*kind, body)

    def condition() -> str:
        found = kubernetes.custom.get_cluster_custom_object(*kind, "of-others")
        return str((found.get("status") or {}).get("conditions"))

    until(lambda: "not owned by" in condition())
    kubernetes.custom.delete_cluster_custom_object(*kind, "of-others")
    kubernetes.core.delete_namespace("of-others")


@pytest.mark.usefixtures("routable")
def test_a_seeded_volume_is_read_back_and_goes(kubernetes: KubernetesClient, profile: str) -> None:
    """More than a ConfigMap holds, by the nodes' own logs."""
    volumes = Volumes(kubernetes, profile, ownership=_OURS, image="python:3.11", timeout=SECONDS)
    volume = volumes.make(SeededVolume({"small.txt": "one\n", "in/large.bin": _LARGE}))
    claim = kubernetes.core.read_namespaced_persistent_volume_claim(volume.name, profile)
    assert volume.list() == ["in/large.bin", "small.txt"]
    assert volume.read_text("small.txt") == "one\n"
    assert volume.read_bytes("in/large.bin") == _LARGE
    with pytest.raises(NotFound):
        volume.read_bytes("nothing")
    volume.delete()

    def there() -> list[str]:
        return [one.metadata.name for one in kubernetes.core.list_persistent_volume().items]

    until(lambda: claim.spec.volume_name not in there())


@pytest.mark.usefixtures("routable")
def test_a_run_waits_for_room_in_a_quota(
    joined: Endpoints, kubernetes: KubernetesClient, profile: str, tmp_path: Path
) -> None:
    """As Argo has it: the node is pending with the server's words, and goes on by itself."""
    quota = {"metadata": {"name": "narrow"}, "spec": {"hard": {"pods": "0"}}}
    core = kubernetes.core
    core.create_namespaced_resource_quota(profile, quota)
    until(lambda: bool(core.read_namespaced_resource_quota("narrow", profile).status.hard))

    def told() -> str:
        kind = ("argoproj.io", "v1alpha1", profile, "workflows")
        found = kubernetes.custom.list_namespaced_custom_object(*kind)["items"]
        return str([one.get("status") for one in found])

    one = "suites/pipelines/test_pythagorean.py::test_every_task_returns_its_number"
    with SuiteSession(joined, tmp_path, one, f"--kf-namespace={profile}") as session:
        until(lambda: "exceeded quota: narrow" in told() or session.ends_within(0))
        core.delete_namespaced_resource_quota("narrow", profile)
        counts = session.counts()
    assert counts["tests"] > counts["skipped"]
