"""Joining that cannot be: one line each."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.namespaces import create_namespace, delete_namespace
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.waiting import Deadline
from tests.real.authority import Authority
from tests.real.controlplane import ControlPlane
from tests.real.kubeconfigs import of_account

_SECONDS = 120.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file or directory"),
        ("[", "is no kubeconfig"),
        ("{}", "no None among contexts"),
        (json.dumps({"current-context": "a", "contexts": [{"name": "a"}]}), "is no kubeconfig"),
    ],
)
def test_a_broken_kubeconfig_is_one_line(content: str | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_text(content)
    assert message in _one_line(file)


def test_too_few_rights_are_one_line(control_plane: ControlPlane) -> None:
    found = _one_line(control_plane.kubeconfig("jane", ["developers"]))
    assert 'User "jane" cannot' in found


def test_the_account_of_a_profile_is_too_few_rights(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    """`default-editor` may edit in its namespace, which is no more than using what is there."""
    kubernetes = KubernetesClient(control_plane.admin)
    namespace = "of-a-start"
    labels = Ownership("tests@real").labels()
    create_namespace(kubernetes, namespace, labels=labels, deadline=Deadline.after(_SECONDS))
    try:
        account = {"metadata": {"name": "default-editor"}}
        kubernetes.core.create_namespaced_service_account(namespace, account)
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
        subject = {"kind": "ServiceAccount", "name": "default-editor", "namespace": namespace}
        binding = {**account, "roleRef": role, "subjects": [subject]}
        kubernetes.rbac.create_namespaced_role_binding(namespace, binding)
        file = of_account(control_plane.admin, namespace, "default-editor", tmp_path / "editor")
        found = _one_line(file)
    finally:
        delete_namespace(kubernetes, namespace)
        kubernetes.close()
    assert f'User "system:serviceaccount:{namespace}:default-editor" cannot' in found


def _changed(kubeconfig: Path, into: Path, **cluster: str) -> Path:
    document = json.loads(kubeconfig.read_text())
    document["clusters"][0]["cluster"].update(cluster)
    into.touch(mode=0o600)
    into.write_text(json.dumps(document))
    return into


def test_an_api_server_that_is_not_there_is_one_line(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        server = f"https://127.0.0.1:{nobody.getsockname()[1]}"
        found = _one_line(_changed(control_plane.admin, tmp_path / "config", server=server))
    assert server in found
    assert "refused" in found


def test_an_api_server_that_is_not_the_one_is_one_line(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    """Its certificate is of another authority than the kubeconfig says."""
    other = {"certificate-authority": str(Authority(tmp_path / "pki", "127.0.0.1").ca)}
    file = _changed(control_plane.admin, tmp_path / "config", **other)
    assert "certificate" in _one_line(file)


def _one_line(kubeconfig: Path) -> str:
    code, output = _start(kubeconfig)
    assert code == 1, output
    assert len(output.splitlines()) == 1, output
    return output


def _start(kubeconfig: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_kubeflow.local", "--kubeconfig", str(kubeconfig)],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr
