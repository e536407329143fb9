"""Tests of what a cluster lacks: skipped with the reason, failed where it is required."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cluster.remote import Remote, no_pods_of

REQUIRES = """
import pathlib
import pytest

@pytest.fixture
def made():
    pathlib.Path("made").touch()

@pytest.mark.kf_requires("knative")
def test_knative(made): pass

@pytest.mark.kf_requires("gpu", "pipelines")
def test_gpu(made): pass

@pytest.mark.kf_requires("pipelines", "profiles", "objectstore")
def test_there(): pass
"""
KNATIVE = "this cluster has no knative: its Kubernetes API serves "
GPU = (
    "this cluster has no gpu: no node that takes pods has "
    "nvidia.com/gpu, amd.com/gpu, gpu.intel.com/* or huawei.com/* to give"
)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_requires.py").write_text(REQUIRES)
    return tmp_path


def test_skipped_with_what_was_looked_for(remote: Remote, suite: Path) -> None:
    code, output = remote.run(suite, "-ra")
    assert code == 0, output
    assert "1 passed, 2 skipped" in output
    assert KNATIVE in output
    assert GPU in output
    assert not (suite / "made").exists()


def test_no_test_begins_where_required(remote: Remote, suite: Path) -> None:
    code, output = remote.run(suite, "-ra", "--kf-require=knative,objectstore")
    assert code == 78, output
    assert "passed" not in output
    message = (
        "--kf-require=knative,objectstore (from command line), and what that needs is not there: "
    )
    sought = "its Kubernetes API serves "
    assert f"ERROR: {message}knative: no Knative (1) ({sought}" in output
    assert not (suite / "made").exists()


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ('kf_requires("katip")', "the marker kf_requires knows no component 'katip'; valid: gpu, "),
        ("kf_requires", "the marker kf_requires takes names of components: "),
        ('kf_requires(component="knative")', "the marker kf_requires takes names of components: "),
    ],
)
def test_wrong_markers(remote: Remote, tmp_path: Path, marker: str, message: str) -> None:
    source = f"import pytest\n@pytest.mark.{marker}\ndef test_it(): pass\n"
    (tmp_path / "test_wrong.py").write_text(source)
    code, output = remote.run(tmp_path)
    assert code == 1, output
    assert message in output
    assert "Traceback" not in output


STORE = """
def test_one(minio_client, kfp_client): pass
def test_two(minio_bucket, kfp_client): pass
def test_three(minio_bucket, kfp_client): pass
"""


@pytest.mark.parametrize("required", ["", "objectstore", "pipelines"])
def test_no_object_store(remote: Remote, tmp_path: Path, required: str) -> None:
    (tmp_path / "test_store.py").write_text(STORE)
    arguments = [one for one in remote.arguments if "s3" not in one]
    more = [f"--kf-require={required}"] if required else []
    services = (("kubeflow", "seaweedfs"), ("kubeflow", "minio-service"))
    with pytest.MonkeyPatch.context() as patch, no_pods_of(remote, *services):
        patch.setattr(Remote, "arguments", arguments)
        code, output = remote.run(tmp_path, "-ra", *more)
    if required:  # also of whatever else keeps tests of what is required from running
        assert code == 78, output
        assert f"{required}: no object store (3)" in output
        return
    assert code == 0, output
    assert "3 skipped" in output
    assert re.search(r"no object store was found: .*seaweedfs.*minio.*KF_S3_ENDPOINT", output)
    assert re.search(r"kubeflow: object store +warning +no object store was found", output)
