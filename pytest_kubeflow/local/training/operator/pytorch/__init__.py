"""PyTorchJobs: replicas that know by their variables where the master is."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import PYTORCH_JOBS
from pytest_kubeflow.local.training.operator.framework import Event, Look, replicas_of
from pytest_kubeflow.local.training.operator.objects import replica_name
from pytest_kubeflow.local.training.operator.pytorch.environment import environment
from pytest_kubeflow.local.training.operator.pytorch.names import (
    CONTAINER,
    MASTER,
    PORT,
    PORT_NAME,
    WORKER,
)
from pytest_kubeflow.local.training.operator.pytorch.verdict import judge
from pytest_kubeflow.local.training.operator.replicas import ReplicaFramework

_WAITING = (
    "err=1;for i in $(seq 100); do if nslookup {0}; then err=0 && break; fi;"
    "echo waiting for master; sleep 2; done; exit $err"
)


class PyTorchFramework(ReplicaFramework):
    """Rules: kubeflow/training-operator v1.9.2, pkg/controller.v1/pytorch."""

    resource = PYTORCH_JOBS
    container, port_name, port = CONTAINER, PORT_NAME, PORT
    default_restart = "OnFailure"
    kinds = (MASTER, WORKER)

    def with_defaults(self, job: Object) -> Object:
        changed = super().with_defaults(job)
        elastic = changed["spec"].get("elasticPolicy")
        if elastic is None or elastic.get("nProcPerNode") is None:
            changed["spec"].setdefault("nprocPerNode", "auto")
        return changed

    def leads(self, job: Object, kind: str, index: int) -> bool:
        if MASTER in replicas_of(job):
            return kind == MASTER
        return kind == WORKER and index == 0

    def equip(self, job: Object, kind: str, index: int, pod: Object, faults: Faults) -> None:
        env = environment(job, kind, index, self.port_of, faults)
        for container in pod["containers"]:
            container["env"] = [*(container.get("env") or []), *env]
        if kind == WORKER and MASTER in replicas_of(job):
            pod["initContainers"] = [*(pod.get("initContainers") or []), _waiter(job)]

    def judge(self, look: Look) -> Iterator[Event]:
        yield from judge(look)


def _waiter(job: Object) -> Object:
    """What a worker waits in until the master has a name."""
    return {
        "name": "init-pytorch",
        "image": "alpine:3.10",
        "imagePullPolicy": "IfNotPresent",
        "resources": {
            "limits": {"cpu": "100m", "memory": "20Mi"},
            "requests": {"cpu": "50m", "memory": "10Mi"},
        },
        "command": ["sh", "-c", _WAITING.format(replica_name(job, MASTER, 0))],
    }
