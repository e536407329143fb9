"""What a session has made is counted, and what it leaves behind is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.reporting.records.document import load
from pytest_kubeflow.reporting.records.session import Leftover, SessionRecord, State
from tests.cluster.remote import NAMESPACE, Remote

LEAKS = f"""
from pytest_kubeflow.k8s.sessions.made import MADE

def test_leaves_something(kf_cluster, kf_namespace):
    body = {{"metadata": {{"name": "kf-forgotten", "labels": kf_cluster.ownership.labels()}}}}
    kf_cluster.kubernetes.core.create_namespaced_config_map("{NAMESPACE}", body)
    MADE.add("configmap")
"""
TIDY = """
def test_tidies_up(kf_cluster, kf_namespace, seeded_pvc, minio_bucket):
    seeded_pvc({"a.txt": "x"})
    minio_bucket.put("a", b"content")
"""


def session_of(
    remote: Remote, folder: Path, test: str, *arguments: str
) -> tuple[int, str, SessionRecord]:
    (folder / "test_it.py").write_text(test)
    where = folder / "session.json"
    code, output = remote.run(folder, f"--kf-json={where}", *arguments, seconds=300)
    return code, output, load(where)


@pytest.fixture
def _forgotten(remote: Remote) -> Iterator[None]:
    yield
    for one in remote.core.list_namespaced_config_map(NAMESPACE).items:
        if one.metadata.name == "kf-forgotten":
            remote.core.delete_namespaced_config_map("kf-forgotten", NAMESPACE)


@pytest.mark.usefixtures("_forgotten")
@pytest.mark.parametrize("strict", [True, False])
def test_what_is_left_is_named(remote: Remote, tmp_path: Path, strict: bool) -> None:
    arguments = [f"--kf-namespace={NAMESPACE}", *(["--kf-strict-cleanup"] if strict else [])]
    code, output, record = session_of(remote, tmp_path, LEAKS, *arguments)
    assert record.left == (Leftover("configmap", f"{NAMESPACE}/kf-forgotten"),)
    message = f"configmap {NAMESPACE}/kf-forgotten"
    assert f"left behind on the cluster: {message}" in output
    assert code == record.exit_code == (1 if strict else 0)
    assert record.verdict.state is (State.DEGRADED if strict else State.FIT)
    if strict:
        assert "(--kf-strict-cleanup=True (from command line))" in record.verdict.sentence


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_nothing_is_left(remote: Remote, tmp_path: Path, workers: tuple[str, ...]) -> None:
    arguments = ("--kf-strict-cleanup", *workers)
    code, output, record = session_of(remote, tmp_path, TIDY, *arguments)
    assert code == 0, output
    assert record.left == ()
    assert {"profile", "persistentvolumeclaim", "pod", "bucket"} <= record.made.keys()


RUNS = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def tell() -> str:
    return "told"

def test_runs(run_pipeline, minio_bucket):
    assert run_pipeline(tell).outputs["Output"] == "told"
"""
OF_A_VERSION = """
from kfp import dsl

@dsl.component(base_image="python:3.11")
def tell_again() -> str:
    return "told"

def test_runs_a_version(run_pipeline, upload_pipeline):
    (version,) = upload_pipeline(tell_again).versions()
    assert run_pipeline(version).outputs["Output"] == "told"
"""


def test_what_is_kept_is_no_leak(remote: Remote, tmp_path: Path) -> None:
    before = remote.things()
    arguments = (f"--kf-namespace={NAMESPACE}", "--kf-strict-cleanup", "--kf-keep=always")
    code, output, record = session_of(remote, tmp_path, RUNS + OF_A_VERSION, *arguments)
    assert code == 0, output
    assert all(one.kept for one in record.left)
    runs = [one.name for one in record.left if one.kind == "run"]
    assert len(runs) == 2
    assert all(f"run {run}: " in output for run in runs)
    assert artifacts_of(remote) - before
    code, output = remote.run(tmp_path, f"--kf-cleanup-session={record.session}", seconds=300)
    assert code == 0, output
    remote.wait_until_as(before)


def artifacts_of(remote: Remote) -> set[str]:
    """Objects of runs."""
    return {one for one in remote.things() if "/v2/artifacts/" in one}


def test_what_deleted_runs_have_stored_goes_with_them(remote: Remote, tmp_path: Path) -> None:
    before = remote.things()
    code, output, record = session_of(remote, tmp_path, RUNS, f"--kf-namespace={NAMESPACE}")
    assert code == 0, output
    assert record.made["run"] == 1
    remote.wait_until_as(before)
