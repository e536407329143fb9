"""Pods and Services of a PyTorchJob.

Rules: kubeflow/training-operator v1.9.2, pkg/controller.v1/common and pytorch.
"""

from __future__ import annotations

import copy

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.defaults import (
    MASTER,
    PORT_NAME,
    WORKER,
    main_container,
    total,
)
from pytest_kubeflow.local.training.spoiling import group_of_one, rank_told

OPERATOR = "pytorchjob-controller"
_DOMAIN = "training.kubeflow.org"
TYPE, INDEX = f"{_DOMAIN}/replica-type", f"{_DOMAIN}/replica-index"
_WAITING = (
    "err=1;for i in $(seq 100); do if nslookup {0}; then err=0 && break; fi;"
    "echo waiting for master; sleep 2; done; exit $err"
)


def labels_of(name: str) -> dict[str, str]:
    """Those of all that belongs to the job of this name."""
    return {f"{_DOMAIN}/operator-name": OPERATOR, f"{_DOMAIN}/job-name": name}


def replica_name(job: Object, kind: str, index: int) -> str:
    """Of a pod and of its Service."""
    return f"{job['metadata']['name']}-{kind.lower()}-{index}"


def labels_of_replica(job: Object, kind: str, index: int) -> dict[str, str]:
    return {**labels_of(job["metadata"]["name"]), TYPE: kind.lower(), INDEX: str(index)}


def new_pod(job: Object, kind: str, index: int, faults: Faults) -> Object:
    """The pod of a replica."""
    replica = job["spec"]["pytorchReplicaSpecs"][kind]
    template = copy.deepcopy(replica["template"])
    metadata, spec = template.get("metadata") or {}, template["spec"]
    labels = {**(metadata.get("labels") or {}), **labels_of_replica(job, kind, index)}
    if _is_master(job, kind, index):
        labels[f"{_DOMAIN}/job-role"] = "master"
    for container in spec["containers"]:
        container["env"] = [*(container.get("env") or []), *_env(job, kind, index, faults)]
    if kind == WORKER and MASTER in job["spec"]["pytorchReplicaSpecs"]:
        spec["initContainers"] = [*(spec.get("initContainers") or []), _waiter(job)]
    policy = replica["restartPolicy"]
    spec["restartPolicy"] = "Never" if policy == "ExitCode" else policy
    return {
        "metadata": {
            "name": replica_name(job, kind, index),
            "namespace": job["metadata"]["namespace"],
            "labels": labels,
            **({"annotations": metadata["annotations"]} if metadata.get("annotations") else {}),
            "ownerReferences": [controller_reference(job)],
        },
        "spec": spec,
    }


def new_service(job: Object, kind: str, index: int) -> Object:
    """The headless Service by which a replica is found."""
    labels = labels_of_replica(job, kind, index)
    container = main_container(job["spec"]["pytorchReplicaSpecs"][kind])
    ports = [
        {"name": one.get("name", ""), "port": one["containerPort"]} for one in container["ports"]
    ]
    return {
        "metadata": {
            "name": replica_name(job, kind, index),
            "namespace": job["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": [controller_reference(job)],
        },
        "spec": {"clusterIP": "None", "selector": labels, "ports": ports},
    }


def _is_master(job: Object, kind: str, index: int) -> bool:
    if MASTER in job["spec"]["pytorchReplicaSpecs"]:
        return kind == MASTER
    return kind == WORKER and index == 0


def _env(job: Object, kind: str, index: int, faults: Faults) -> list[Object]:
    spec = job["spec"]
    env = {"PYTHONUNBUFFERED": "1"}
    if MASTER in spec["pytorchReplicaSpecs"]:
        ports = main_container(spec["pytorchReplicaSpecs"][MASTER])["ports"]
        port = next(one["containerPort"] for one in ports if one.get("name") == PORT_NAME)
        address = replica_name(job, MASTER, 0)
        rank = str(rank_told(faults, index + (1 if kind == WORKER else 0)))
        processes = str(spec.get("nprocPerNode", ""))
        world = total(job) * (int(processes) if processes.isdigit() else 1)
        env |= {
            "MASTER_PORT": str(port),
            "PET_MASTER_PORT": str(port),
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
        env |= _elastic(job, elastic)
    return [{"name": name, "value": value} for name, value in env.items()]


def _elastic(job: Object, policy: Object) -> dict[str, str]:
    workers = job["spec"]["pytorchReplicaSpecs"][WORKER]
    least = policy.get("minReplicas", policy.get("maxReplicas", workers["replicas"]))
    most = policy.get("maxReplicas", policy.get("minReplicas", workers["replicas"]))
    ports = main_container(workers)["ports"]
    port = next(one["containerPort"] for one in ports if one.get("name") == PORT_NAME)
    host = policy.get("rdzvHost") or replica_name(job, WORKER, 0)
    found = {
        "PET_RDZV_ENDPOINT": f"{host}:{policy.get('rdzvPort') or port}",
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
