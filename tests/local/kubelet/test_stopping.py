"""A node that stops while its pods end."""

from __future__ import annotations

import time
from pathlib import Path

from pytest_kubeflow.local.kube.resources import PODS
from tests.cluster.remote import wait_until
from tests.local.kubelet.conftest import NAMESPACE, Cluster, sh, state

GRACE = 600


def test_it_does_not_wait_for_the_grace_of_pods(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    try:
        cluster.do(cluster.start())
        cluster.do(cluster.prepare_namespace())
        pod = cluster.create(
            sh("trap 'echo told' TERM; echo begun; while :; do sleep 0.1; done"),
            terminationGracePeriodSeconds=GRACE,
        )
        cluster.until(pod, lambda one: "running" in state(one))
        wait_until(lambda: "begun" in cluster.log(pod))
        name = pod["metadata"]["name"]
        cluster.do(cluster.client.delete(PODS, name, NAMESPACE, grace_seconds=GRACE))
        wait_until(lambda: "told" in cluster.log(pod))
        began = time.monotonic()
    finally:
        cluster.stop()
    # Far less than the grace, however much else is done on this machine.
    assert time.monotonic() - began < GRACE / 2
