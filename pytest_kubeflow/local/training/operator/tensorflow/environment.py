"""TF_CONFIG: what a replica of a TFJob is told of all of them.

Rules: kubeflow/training-operator v1.9.2, pkg/controller.v1/tensorflow/tensorflow.go.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_kubeflow.local.fastjson import encode
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.framework import replicas_of
from pytest_kubeflow.local.training.operator.objects import replica_name
from pytest_kubeflow.local.training.operator.tensorflow.names import PARAMETERS, WORKER
from pytest_kubeflow.local.training.spoiling import group_of_one, rank_told


def tf_config(
    job: Object, kind: str, index: int, port_of: Callable[[Object], int], faults: Faults
) -> str:
    """The variable of one replica; `port_of` is where a replica listens."""
    role, namespace = kind.lower(), job["metadata"]["namespace"]
    cluster = {
        one.lower(): [
            f"{replica_name(job, one, at)}.{namespace}.svc:{port_of(replica)}"
            for at in range(replica["replicas"])
        ]
        for one, replica in sorted(replicas_of(job).items(), key=lambda pair: pair[0].lower())
    }
    task = {"type": role, "index": rank_told(faults, index)}
    if job["spec"].get("enableDynamicWorker"):
        sparse = _sparse(cluster, kind, index)
        return encode({"cluster": sparse, "task": task}).decode()
    workers = cluster.get(WORKER.lower())
    if workers:
        cluster[WORKER.lower()] = workers[: group_of_one(faults, len(workers))]
    return encode({"cluster": cluster, "task": task, "environment": "cloud"}).decode()


def _sparse(cluster: dict[str, list[str]], kind: str, index: int) -> Object:
    """What a replica knows where workers come and go: itself; a worker the servers, too."""
    servers = cluster.get(PARAMETERS.lower())
    if kind == PARAMETERS:
        return {"worker": {}, "ps": [cluster[PARAMETERS.lower()][index]]}
    if kind == WORKER:
        return {"worker": {str(index): cluster[WORKER.lower()][index]}, "ps": servers}
    return {"worker": {}, "ps": []}
