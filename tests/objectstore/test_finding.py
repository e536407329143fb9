"""The object store is found without being named, and what sessions leave there is found as well."""

from __future__ import annotations

import io
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.reaper import Reaper
from pytest_kubeflow.objectstore.bucket import MARK
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.objectstore.reaper import StoreReaper
from pytest_kubeflow.objectstore.scratch import bases
from pytest_kubeflow.redaction import Secret
from tests.cluster.remote import NAMESPACE, Remote, _clean_environment, remote, wait_until

__all__ = ["_clean_environment", "remote"]

STORE = """
import pathlib, time

def test_it(minio_bucket, kf_cluster):
    linger = pathlib.Path("linger").exists()
    minio_bucket.put("a/b", b"content")
    assert minio_bucket.get("a/b") == b"content"
    pathlib.Path("made").write_text(f"{kf_cluster.store.described}\\n{minio_bucket.path}")
    if linger:
        time.sleep(600)
"""


@pytest.fixture
def unnamed(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> Remote:
    """The cluster for who is told no endpoint, nor even a host."""
    kept = [one for one in remote.arguments if "kubeconfig" in one or "username" in one]
    monkeypatch.setattr(Remote, "arguments", kept)
    return remote


def test_a_kubeconfig_is_enough(unnamed: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_store.py").write_text(STORE)
    before = unnamed.things()
    code, output = unnamed.run(tmp_path, "-ra", seconds=300)
    assert code == 0, output
    found, path = (tmp_path / "made").read_text().splitlines()
    assert "(port-forward to service kubeflow/seaweedfs, port " in found
    assert path.startswith("mlpipeline/private-artifacts/kf-scratch-")
    assert "warning" not in output
    assert unnamed.things() == before


@pytest.mark.parametrize("where", [[f"--kf-namespace={NAMESPACE}"], []])
def test_a_killed_session_is_cleared_away_once_its_time_is_over(
    unnamed: Remote, tmp_path: Path, where: list[str]
) -> None:
    """And not before: as long as it lives, or may live, whatever the labels of its things say."""
    (tmp_path / "test_store.py").write_text(STORE)
    (tmp_path / "linger").touch()
    before = unnamed.things()
    session = unnamed.start(tmp_path, *where)
    try:
        wait_until((tmp_path / "made").exists, 100)
        (tmp_path / "linger").unlink()
        left = unnamed.things() - before
        assert any(one.endswith("/a/b") for one in left)
        expire(unnamed, {one for one in left if one.startswith("profiles ")})
        assert reap(unnamed) == []  # it lives
        os.killpg(session.pid, signal.SIGKILL)
    finally:
        session.kill()
        session.communicate()
    assert reap(unnamed) == []  # it might live
    assert unnamed.things() - before == left
    expire(unnamed, left)
    output = run(unnamed, tmp_path, *where)
    assert unnamed.things() == before
    found = output.partition("removed from the cluster: left behind by earlier sessions")[2]
    if where:
        assert f"objects below mlpipeline/private-artifacts/{NAMESPACE}/pytest-kubeflow-" in found
        assert f"configmap {NAMESPACE}/kf-session-" in found
    else:
        assert "profile kf-scratch-" in found


def reap(cluster: Remote) -> list[str]:
    """What another session would remove now, before it begins."""
    kubernetes = KubernetesClient(cluster.endpoints.kubeconfig)
    reaper = Reaper(kubernetes)
    removed = [*reaper.reap(), *reaper.reap(NAMESPACE)]
    kubernetes.close()
    keys = (Secret(cluster.endpoints.s3_access_key), Secret(cluster.endpoints.s3_secret_key))
    store = StoreReaper(
        S3Access(cluster.endpoints.s3_endpoint, *keys), "mlpipeline", bases(None, NAMESPACE)
    )
    return [*map(str, removed), *map(str, store.reap(clock=time.time))]


def run(cluster: Remote, folder: Path, *arguments: str) -> str:
    code, output = cluster.run(folder, *arguments, seconds=300)
    assert code == 0, output
    assert "warning" not in output
    return output


def expire(cluster: Remote, things: set[str]) -> None:
    """Have the time of the dead session be over, as if it were long ago."""
    past = str(int(time.time()) - 1000)
    labels = {"metadata": {"labels": {"pytest-kubeflow.io/expires": past}}}
    store: Any = cluster.store
    for one in things:
        name = one.partition(" ")[2]
        if one.startswith("list_config_map") and "/kf-session-" in one:
            namespace, _, record = name.partition("/")
            cluster.core.patch_namespaced_config_map(record, namespace, labels)
        elif one.startswith("profiles "):
            profile = name.partition("/")[2]
            cluster.custom.patch_cluster_custom_object(
                "kubeflow.org", "v1", "profiles", profile, labels
            )
        elif one.endswith(MARK):
            bucket, _, key = name.partition("/")
            mark = json.loads(store.get_object(bucket, key).read())
            content = json.dumps({**mark, "pytest-kubeflow.io/expires": past}).encode()
            store.put_object(bucket, key, io.BytesIO(content), len(content))
