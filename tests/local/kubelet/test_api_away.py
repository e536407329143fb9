"""A kubelet whose API server is away for a while, or has changed what the kubelet wrote."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, PODS
from tests.local.kubelet.conftest import NAMESPACE, SECONDS, Cluster, phase, sh

_WAITS = "touch /shared/up; while [ ! -e /shared/go ]; do sleep 0.05; done"


def wait(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


def is_ready(pod: Object) -> Any:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def test_containers_start_and_end_while_it_is_away(cluster: Cluster) -> None:
    """The second one's environment is read from the API server, which is not there by then."""
    config = {"metadata": {"name": "away", "namespace": NAMESPACE}, "data": {"A": "told"}}
    cluster.do(cluster.client.create(CONFIG_MAPS, config))
    shared = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
    env = {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "away", "key": "A"}}}]}
    pod = cluster.create(
        {**sh("echo $A"), **env},
        initContainers=[{"name": "first", "image": "busybox:1.36", **sh(_WAITS), **shared}],
        volumes=[{"name": "shared", "emptyDir": {}}],
    )
    folder = cluster.directory / "data" / "pods" / pod["metadata"]["uid"] / "volumes" / "shared"
    wait((folder / "up").exists)
    cluster.do(cluster.wire.cut())
    (folder / "go").touch()
    worker = cluster.kubelet._find(NAMESPACE, pod["metadata"]["name"])
    assert worker is not None
    main = worker.runner("main")
    assert main is not None

    def told() -> str:
        return str(main.status.state.get("waiting", {}).get("message", ""))

    wait(lambda: "connect: connection refused" in told())
    cluster.do(cluster.wire.mend())
    assert phase(cluster.finished(pod)) == "Succeeded"
    assert cluster.log(pod) == "told\n"
    # What was to be told meanwhile is told afterwards.
    cluster.events(pod, "Started")
    cluster.delete(pod)


def test_a_pod_that_others_made_unready_is_ready_again(cluster: Cluster) -> None:
    """As the controller of nodes does, once it has not heard of the node for a while."""
    pod = cluster.create(sh("sleep 600"))
    cluster.until(pod, is_ready)
    for _ in range(2):
        away = {"type": "Ready", "status": "False"}
        unready = cluster.do(
            cluster.client.patch(
                PODS,
                pod["metadata"]["name"],
                {"status": {"conditions": [away]}},
                namespace=NAMESPACE,
                subresource="status",
                kind="strategic",
            )
        )
        assert not is_ready(unready)
        cluster.until(pod, is_ready)
    cluster.delete(pod, 0)
