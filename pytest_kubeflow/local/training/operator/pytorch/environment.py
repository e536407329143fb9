"""What replicas of a PyTorchJob are told of each other.

Rules: kubeflow/training-operator v1.9.2, pkg/controller.v1/pytorch/envvar.go and elastic.go.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.framework import replicas_of, total
from pytest_kubeflow.local.training.operator.objects import replica_name
from pytest_kubeflow.local.training.operator.pytorch.names import MASTER, WORKER
from pytest_kubeflow.local.training.spoiling import group_of_one, rank_told

PortOf = Callable[[Object], int]


def environment(
    job: Object, kind: str, index: int, port_of: PortOf, faults: Faults
) -> list[Object]:
    """The variables of one replica; `port_of` is where a replica listens."""
    spec, replicas = job["spec"], replicas_of(job)
    env = {"PYTHONUNBUFFERED": "1"}
    if MASTER in replicas:
        port = str(port_of(replicas[MASTER]))
        address = replica_name(job, MASTER, 0)
        rank = str(rank_told(faults, index + (1 if kind == WORKER else 0)))
        processes = str(spec.get("nprocPerNode", ""))
        world = total(job) * (int(processes) if processes.isdigit() else 1)
        env |= {
            "MASTER_PORT": port,
            "PET_MASTER_PORT": port,
            "MASTER_ADDR": address,
            "PET_MASTER_ADDR": address,
            "WORLD_SIZE": str(group_of_one(faults, world)),
            "RANK": rank,
            "PET_NODE_RANK": rank,
        }
    if spec.get("nprocPerNode") is not None:
        env["PET_NPROC_PER_NODE"] = str(spec["nprocPerNode"])
    elastic = spec.get("elasticPolicy")
    if elastic is None:
        env["PET_NNODES"] = str(group_of_one(faults, total(job)))
    else:
        env |= _elastic(job, elastic, port_of)
    return [{"name": name, "value": value} for name, value in env.items()]


def _elastic(job: Object, policy: Object, port_of: PortOf) -> dict[str, str]:
    workers = replicas_of(job)[WORKER]
    least = policy.get("minReplicas", policy.get("maxReplicas", workers["replicas"]))
    most = policy.get("maxReplicas", policy.get("minReplicas", workers["replicas"]))
    host = policy.get("rdzvHost") or replica_name(job, WORKER, 0)
    found = {
        "PET_RDZV_ENDPOINT": f"{host}:{policy.get('rdzvPort') or port_of(workers)}",
        "PET_RDZV_BACKEND": policy.get("rdzvBackend") or "c10d",
        "PET_NNODES": f"{least}:{most}",
    }
    for field, name in (
        ("rdzvId", "PET_RDZV_ID"),
        ("maxRestarts", "PET_MAX_RESTARTS"),
        ("nProcPerNode", "PET_NPROC_PER_NODE"),
    ):
        if policy.get(field) is not None:
            found[name] = str(policy[field])
    return found
