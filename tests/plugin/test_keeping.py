"""What stays on the cluster: what --kf-keep says, and everything that is not ours."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from tests.cluster.remote import NAMESPACE, Remote
from tests.plugin.scenarios import MADE


def made(folder: Path) -> dict[str, list[str]]:
    """Run, claim and prefix of each test, by how it ends."""
    lines = (folder / "made").read_text().splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines}


@pytest.mark.parametrize(
    ("when", "kept"),
    [("on-failure", {"fails"}), ("always", {"passes", "fails"})],
)
def test_keep(remote: Remote, tmp_path: Path, when: str, kept: set[str]) -> None:
    (tmp_path / "test_made.py").write_text(MADE)
    code, output = remote.run(tmp_path, f"--kf-keep={when}", f"--kf-namespace={NAMESPACE}")
    assert code == 1, output
    assert "1 failed, 1 passed" in output
    there = "\n".join(remote.things())
    for end, names in made(tmp_path).items():
        assert [name in there for name in names] == [end in kept] * 3, there
        found = output.partition("kept on the cluster (--kf-keep)")[2]
        assert [name.rstrip("/") in found for name in names] == [end in kept] * 3, output


def test_keep_scratch_namespace(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_namespace.py").write_text(
        "import pathlib\n"
        "def test_namespace(kf_cluster, kf_namespace):\n"
        "    pathlib.Path('made').write_text(kf_namespace)\n"
        "    assert False\n"
    )
    code, output = remote.run(tmp_path, "--kf-keep=on-failure")
    assert code == 1, output
    name = (tmp_path / "made").read_text()
    assert f"\nprofile {name}\n" in output
    assert {f"list_namespace None/{name}", f"profiles None/{name}"} <= remote.things()


def test_foreign_things_survive(remote: Remote, tmp_path: Path) -> None:
    """Also those that are named like ours, or carry labels that are nearly ours.

    And nothing else does: what two sessions made, in a test that passes and one that fails, is
    gone.
    """
    core, expired = remote.core, str(int(time.time()) - 1000)
    nearly = {
        "app.kubernetes.io/managed-by": "somebody-else",
        "pytest-kubeflow.io/run-id": "abc",
        "pytest-kubeflow.io/expires": expired,
    }
    for name, labels in (("kf-volume-0123456789", {}), ("kf-labelled", nearly)):
        body = {"metadata": {"name": name, "labels": labels}}
        core.create_namespaced_config_map(NAMESPACE, body)
        core.create_namespace(body)
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}
        core.create_namespaced_persistent_volume_claim(NAMESPACE, {**body, "spec": claim})
    experiment = {"display_name": "pytest-kubeflow-theirs", "namespace": NAMESPACE}
    remote.api("POST", "experiments", json=experiment)
    remote.store.make_bucket("pytest-kubeflow-theirs")
    remote.store.put_object("pytest-kubeflow-theirs", "kept", io.BytesIO(b"x"), 1)
    before = remote.things()
    (tmp_path / "test_made.py").write_text(MADE)
    try:
        for arguments in ([f"--kf-namespace={NAMESPACE}"], []):
            code, output = remote.run(tmp_path, *arguments)
            assert code == 1, output
            assert remote.things() == before
    finally:
        for name in ("kf-volume-0123456789", "kf-labelled"):
            core.delete_namespaced_config_map(name, NAMESPACE)
            core.delete_namespaced_persistent_volume_claim(name, NAMESPACE)
            core.delete_namespace(name)
