"""`python -m pytest_kubeflow.local.kubelet`: this machine as a node of a cluster."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_kubeflow.local.kube.resources import NODES
from tests.local.kubelet.conftest import Cluster, phase, sh

COMMAND = [sys.executable, "-m", "pytest_kubeflow.local.kubelet"]


def kubeconfig(cluster: Cluster, path: Path) -> Path:
    credentials = cluster.client.credentials
    ca = path.with_name("ca.crt")
    ca.write_text(credentials.ca_data or "")
    document: dict[str, Any] = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [
            {
                "name": "c",
                "cluster": {"server": credentials.server, "certificate-authority": str(ca)},
            }
        ],
        "users": [{"name": "u", "user": {"token": credentials.token}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def test_joining_a_cluster(cluster: Cluster, tmp_path: Path) -> None:
    config = kubeconfig(cluster, tmp_path / "config")
    joining = subprocess.Popen(
        [*COMMAND, "--kubeconfig", str(config), "--node-name", "node-2"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
    )
    try:
        assert joining.stderr is not None
        assert any("node-2 is ready" in line for line in joining.stderr)
        cluster.do(cluster.client.get(NODES, "node-2"))
        pod = cluster.create(sh("true"), nodeName="node-2")
        assert phase(cluster.finished(pod)) == "Succeeded"
        joining.send_signal(signal.SIGTERM)
        assert joining.wait(20) == 0
        joining.stderr.close()
    finally:
        joining.kill()
        joining.wait()
    assert list(tmp_path.glob("kubelet-*")) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--kubeconfig", "/no/such/file"], "/no/such/file"),
        (["--kubeconfig", "{config}", "--context", "other"], "no 'other' among contexts (c)"),
        (["--kubeconfig", "{config}", "--image-dir", "x"], "write NAME=DIRECTORY"),
        (["--kubeconfig", "{config}", "--image-dir", "x=/no/dir"], "/no/dir is not a directory"),
        ([], "--kubeconfig"),
    ],
)
def test_bad_arguments(
    cluster: Cluster, tmp_path: Path, arguments: list[str], message: str
) -> None:
    config = kubeconfig(cluster, tmp_path / "config")
    done = subprocess.run(
        [*COMMAND, *(one.format(config=config) for one in arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
