"""`pytest --kf-health`, `--kf-explain`, and what a failed test says of the platform."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.endpoints import Endpoints
from tests.cluster.remote import Remote

DEFAULT = "storageclass.kubernetes.io/is-default-class"

EXPECTING = """
def test_classes(platform_health):
    platform_health.expect_none("KF401", "KF402", reads=["storageclasses.storage.k8s.io"])
"""


@pytest.fixture
def storage(remote: Remote) -> Any:
    """The API of storage classes."""
    from kubernetes import client

    return client.StorageV1Api(remote.core.api_client)


@contextmanager
def default_classes(storage: Any, *wanted: str) -> Iterator[None]:
    """These storage classes alone are the default, for a while."""

    def mark(names: set[str]) -> None:
        for one in storage.list_storage_class().items:
            value = "true" if one.metadata.name in names else "false"
            body = {"metadata": {"annotations": {DEFAULT: value}}}
            storage.patch_storage_class(one.metadata.name, body)

    was = {
        one.metadata.name
        for one in storage.list_storage_class().items
        if (one.metadata.annotations or {}).get(DEFAULT) == "true"
    }
    mark(set(wanted))
    try:
        yield
    finally:
        mark(was)


def test_a_whole_platform(remote: Remote, tmp_path: Path) -> None:
    code, said = remote.run(tmp_path, "--kf-health", "--kf-health-json=health.json")
    assert code == 0, said
    assert "the platform is whole" in said
    found = json.loads((tmp_path / "health.json").read_text())
    assert found["whole"] is True
    assert [one["code"] for one in found["findings"]] == ["KF605"]  # the example's password
    assert found["gateway"] == ""
    assert found["kubernetes"].startswith("v1.")
    assert 0 < found["requests"] <= 80


def test_a_broken_one(remote: Remote, storage: Any, tmp_path: Path) -> None:
    with default_classes(storage):
        code, said = remote.run(tmp_path, "--kf-health", "--kf-health-json=health.json")
    assert code == 78, said
    assert "storage  1 broken" in said
    assert "KF401 broken: no storage class is the default one: there are " in said
    assert "fix: kubectl patch storageclass " in said
    assert "the platform is broken: 1 broken, 1 notice" in said
    found, password = json.loads((tmp_path / "health.json").read_text())["findings"]
    assert password["code"] == "KF605"
    assert (found["code"], found["severity"]) == ("KF401", "broken")
    assert found["fix"].startswith("kubectl patch storageclass ")


def test_what_fails_is_a_choice(remote: Remote, storage: Any, tmp_path: Path) -> None:
    names = [one.metadata.name for one in storage.list_storage_class().items]
    (tmp_path / "test_it.py").write_text(EXPECTING)
    with default_classes(storage, *names):
        mild, found = remote.run(tmp_path, "--kf-health")
        strict, _ = remote.run(tmp_path, "--kf-health", "--kf-health-fails-on=degraded")
        warned, warning = remote.run(tmp_path, "test_it.py")
        failed, _ = remote.run(tmp_path, "test_it.py", "--kf-health-fails-on=degraded")
    assert (mild, strict, warned, failed) == (0, 78, 0, 1)
    assert "KF402 degraded: 2 storage classes are the default one" in found
    assert "the platform is whole: 1 degraded" in found
    assert "PlatformWarning: KF402 2 storage classes are the default one" in warning


def test_a_gateway_that_does_not_let_us_in(
    remote: Remote, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What Kubernetes shows is told all the same, and the way in is red."""
    monkeypatch.setenv("KF_PASSWORD", "not-it-8d1f")
    code, said = remote.run(tmp_path, "--kf-health")
    assert code == 78, said
    assert "gateway: Dex does not accept the password of user@example.com" in said
    assert "the gateway was not entered, and nothing broken is seen past it" in said
    assert "the platform is whole" not in said
    assert "not-it-8d1f" not in said


def test_a_failed_test_names_the_fault(remote: Remote, storage: Any, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(EXPECTING)
    with default_classes(storage):
        code, said = remote.run(tmp_path, "test_it.py", "--kf-json=session.json", "-rA")
    assert code == 1, said
    assert "FAILED test_it.py::test_classes - " in said
    assert "KF401 no storage class is the default one: there are " in said
    assert "likely cause: KF401 no storage class is the default one" in said
    assert "fix: kubectl patch storageclass " in said
    found = json.loads((tmp_path / "session.json").read_text())
    (cause,) = found["causes"]
    assert cause["code"] == "KF401"
    assert cause["fix"].startswith("kubectl patch storageclass ")
    assert [one["code"] for one in found["faults"]] == ["KF401"]


def test_another_failure_gets_no_guess(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(kf_kubernetes):\n    assert 1 == 2\n")
    code, said = remote.run(tmp_path, "test_it.py", "--kf-json=session.json")
    assert code == 1, said
    assert "likely cause" not in said
    (cause,) = json.loads((tmp_path / "session.json").read_text())["causes"]
    assert (cause["code"], cause["fix"], cause["sign"]) == ("", "", "")


def test_what_may_not_be_looked_at_is_skipped(remote: Remote, tmp_path: Path) -> None:
    token = remote.core.create_namespaced_service_account_token(
        "default-editor", "kubeflow-user-example-com", {"spec": {}}
    ).status.token
    kubeconfig = _as(remote.endpoints, token, tmp_path)
    (tmp_path / "test_it.py").write_text(
        EXPECTING.replace("storageclasses.storage.k8s.io", "nodes")
    )
    code, said = remote.run(tmp_path, "test_it.py", f"--kf-kubeconfig={kubeconfig}", "-rs")
    assert code == 0, said
    assert "SKIPPED" in said
    assert "not looked at: nodes: cannot list nodes: Kubernetes answers 403" in said
    code, said = remote.run(tmp_path, "--kf-health", f"--kf-kubeconfig={kubeconfig}")
    assert code == 0, said
    assert "Not looked at:" in said
    assert "  nodes: cannot list nodes: Kubernetes answers 403" in said


def test_entries_of_the_catalogue(remote: Remote, tmp_path: Path) -> None:
    code, said = remote.run_with(tmp_path, "--kf-explain=KF401", "--kf-explain=kf402")
    assert code == 0
    assert said.startswith("KF401 no-default-class (broken; any release of Kubeflow)")
    assert "\nKF402 several-default-classes " in said
    code, said = remote.run_with(tmp_path, "--kf-explain=KF999")
    assert code == 4
    assert "ERROR: --kf-explain: there is no fault 'KF999'" in said


def _as(endpoints: Endpoints, token: str, folder: Path) -> Path:
    """A kubeconfig with this token alone."""
    import yaml

    config = yaml.safe_load(endpoints.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] = {"token": token}
    file = folder / "editor.yaml"
    file.write_text(yaml.safe_dump(config))
    return file
