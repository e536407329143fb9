"""A kubelet that begins anew on its node: nothing runs twice, and restarts are counted on."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from pytest_kubeflow.local.kube.client import Object
from tests.local.kubelet.conftest import Cluster, phase, sh, state
from tests.local.kubelet.test_command import COMMAND, kubeconfig


@contextlib.contextmanager
def node(cluster: Cluster, directory: Path) -> Iterator[None]:
    """A second node; it is killed in the end, so that it tells nobody."""
    config = kubeconfig(cluster, directory / "config")
    process = subprocess.Popen(
        [*COMMAND, "--kubeconfig", str(config), "--node-name", "node-3"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(directory), "TMPDIR": str(directory)},
    )
    assert process.stderr is not None
    try:
        assert any("node-3 is ready" in line for line in process.stderr)
        yield
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def status(pod: Object) -> Object:
    found: Object = pod["status"]["containerStatuses"][0]
    return found


def test_a_kubelet_goes_on_where_the_one_before_ended(cluster: Cluster, tmp_path: Path) -> None:
    first = {"name": "first", "image": "busybox:1.36", "command": ["true"]}
    where = {"nodeName": "node-3", "terminationGracePeriodSeconds": 0}
    with node(cluster, tmp_path):
        batch = cluster.create(sh("echo once; sleep 60"), initContainers=[first], **where)
        service = cluster.create(
            sh("sleep 60"), restartPolicy="Always", initContainers=[first], **where
        )
        crashing = cluster.create(sh("exit 3"), restartPolicy="OnFailure", **where)
        for pod in (batch, service):
            cluster.until(pod, lambda one: phase(one) == "Running" and "running" in state(one))
        cluster.until(crashing, lambda one: "CrashLoopBackOff" in str(state(one)))
    with node(cluster, tmp_path):
        ended = cluster.finished(batch)
        assert phase(ended) == "Failed"
        terminated = state(ended)["terminated"]
        assert (terminated["exitCode"], terminated["reason"]) == (255, "Unknown")
        assert status(ended)["restartCount"] == 0
        again = cluster.until(
            service, lambda one: "running" in state(one) and status(one)["restartCount"]
        )
        assert status(again)["restartCount"] == 1
        assert status(again)["lastState"]["terminated"]["reason"] == "Unknown"
        # Its volumes are new, so what fills them runs again.
        assert again["status"]["initContainerStatuses"][0]["restartCount"] == 1
        counted = cluster.until(crashing, lambda one: status(one)["restartCount"] > 1)
        assert status(counted)["restartCount"] == 2
        for pod in (batch, service, crashing):
            cluster.delete(pod)
