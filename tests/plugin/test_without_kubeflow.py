"""Tests that need Kubernetes alone, where Kubeflow is down or absent."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.remote import COMMAND, NAMESPACE, Remote
from tests.cluster.web import closed_port
from tests.preflight.setup import kubeconfig, server_of

KUBERNETES = """
def test_inventory(kf_inventory):
    assert kf_inventory.nodes[0].cpu > 0

def test_namespace(kf_kubernetes, kf_namespace, record_property):
    assert kf_kubernetes.core.read_namespace(kf_namespace) is not None
    record_property("namespace", kf_namespace)
"""
VOLUME = """
def test_volume(seeded_pvc):
    volume = seeded_pvc({"a.csv": "1,2\\n"})
    assert volume.list() == ["a.csv"]
    assert volume.read_text("a.csv") == "1,2\\n"
"""
KUBEFLOW = """
def test_kubeflow(kf_cluster):
    assert kf_cluster.kfp_api_url
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_kubernetes.py").write_text(KUBERNETES)
    return tmp_path


@pytest.fixture
def nowhere() -> Iterator[str]:
    """An address where no Kubeflow is."""
    with closed_port() as port:
        yield f"http://127.0.0.1:{port}"


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """A session with these arguments and no others."""
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_no_host_at_all(remote: Remote, suite: Path) -> None:
    """Volumes too; the header names the cluster, and nothing is left."""
    before = remote.things()
    (suite / "test_volume.py").write_text(VOLUME)
    given = f"--kf-kubeconfig={remote.endpoints.kubeconfig}"
    code, output = run(suite, given, "--kf-base-image=python:3.11")
    assert code == 0, output
    assert "3 passed" in output
    assert f"kubeconfig={remote.endpoints.kubeconfig} (command line)" in output
    assert "no cluster named" not in output
    assert "; no selected test needs Kubeflow" in output
    assert remote.things() == before


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_kubeflow_that_is_down(remote: Remote, suite: Path, nowhere: str, more: list[str]) -> None:
    """It is not entered, and not missed."""
    code, output = run(
        suite,
        f"--kf-kubeconfig={remote.endpoints.kubeconfig}",
        f"--kf-host={nowhere}",
        "--kf-namespace=default",
        "--junitxml=junit.xml",
        *more,
    )
    assert code == 0, output
    assert "2 passed" in output
    assert "; no selected test needs Kubeflow" in output
    assert 'name="namespace" value="default"' in (suite / "junit.xml").read_text()


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["one process", "two workers"])
def test_one_selected_test_needs_kubeflow(
    remote: Remote, suite: Path, nowhere: str, more: list[str]
) -> None:
    """The verdict comes before the first test, as long as such a test is selected."""
    (suite / "test_kubeflow.py").write_text(KUBEFLOW)
    given = [
        f"--kf-kubeconfig={remote.endpoints.kubeconfig}",
        f"--kf-host={nowhere}",
        "--kf-namespace=default",
    ]
    code, output = run(suite, *given, *more)
    assert code == 78, output
    assert "passed" not in output
    assert output.count("\nERROR: ") == 1
    assert f"ERROR: --kf-host={nowhere} (from command line): nothing listens at" in output
    if not more:
        code, output = run(suite, *given, "-k", "not kubeflow")
        assert code == 0, output


def test_who_may_not_create_namespaces_names_one(remote: Remote, suite: Path) -> None:
    server, more = server_of(remote)
    spec: dict[str, Any] = {"spec": {"expirationSeconds": 600, "audiences": []}}
    issued = remote.core.create_namespaced_service_account_token("default-editor", NAMESPACE, spec)
    given = f"--kf-kubeconfig={kubeconfig(suite, server, {'token': issued.status.token}, **more)}"
    code, output = run(suite, given, "-k", "namespace")
    assert code == 4, output
    assert (
        "may not create and delete namespaces; name an existing one with --kf-namespace" in output
    )
    code, output = run(suite, given, "-k", "namespace", f"--kf-namespace={NAMESPACE}")
    assert code == 0, output


LATE = """
def test_late(kf_namespace, request):
    request.getfixturevalue("kf_cluster")
"""


def test_kubeflow_that_nobody_has_announced(remote: Remote, suite: Path) -> None:
    """Its runs would be in a namespace that is no Profile: the test says what to name."""
    (suite / "test_kubernetes.py").unlink()
    (suite / "test_late.py").write_text(LATE)
    where = remote.endpoints
    code, output = run(suite, f"--kf-kubeconfig={where.kubeconfig}", f"--kf-host={where.host}")
    assert code == 1, output
    assert "namespace without Kubeflow, since none of its tests has named kf_cluster" in output


def test_no_cluster_is_named(suite: Path) -> None:
    """What kubectl would use is no cluster that somebody has named for tests."""
    code, output = run(suite)
    assert code == 4, output
    assert "no cluster was named: give --kf-kubeconfig=FILE or --kf-context=NAME" in output
