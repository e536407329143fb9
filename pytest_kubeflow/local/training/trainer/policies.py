"""Policies of frameworks: what torchrun, JAX and plain programs are told of their group.

Rules: kubeflow/trainer v2.2, pkg/runtime/framework/plugins/torch, jax, plainml.
"""

from __future__ import annotations

import math

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.quantity import parse_quantity
from pytest_kubeflow.local.training.spoiling import group_of_one, rank_source
from pytest_kubeflow.local.training.trainer.errors import TrainerError
from pytest_kubeflow.local.training.trainer.info import (
    NODE,
    TRAINER,
    Container,
    PodSet,
    RuntimeInfo,
    gpus,
    upsert,
    variables,
)

PORT = 29500
RESERVED = (
    "PET_MASTER_ADDR",
    "PET_MASTER_PORT",
    "PET_NNODES",
    "PET_NODE_RANK",
    "PET_NPROC_PER_NODE",
)
TUNE = ["tune", "run"]
_INDEX = "metadata.annotations['batch.kubernetes.io/job-completion-index']"
_NOT_EMULATED = ("mpi", "xgboost", "flux")


def enforce(info: RuntimeInfo, trainjob: Object, faults: Faults) -> None:
    """Tell the trainer's container of its group. Raises TrainerError."""
    for name in _NOT_EMULATED:
        if name in info.policy:
            raise TrainerError(f"mlPolicy.{name} is not emulated by this cluster")
    trainer = trainjob["spec"].get("trainer")
    pods = info.pods_of(TRAINER)
    if trainer is None or pods is None:
        return
    if "numNodes" in trainer:
        pods.count = trainer["numNodes"]
    container = info.container_of(TRAINER, NODE)
    if container is None:
        return
    if "jax" in info.policy:
        _jax(container, pods, trainjob, faults)
        return
    upsert(container.env, *variables(trainer.get("env")))
    if "torch" in info.policy:
        _torch(container, pods, trainjob, info, faults)


def _torch(
    container: Container, pods: PodSet, trainjob: Object, info: RuntimeInfo, faults: Faults
) -> None:
    trainer = trainjob["spec"]["trainer"]
    if trainer.get("command") == TUNE:
        raise TrainerError("torchtune is not emulated by this cluster")
    upsert(
        container.env,
        _variable("PET_NNODES", group_of_one(faults, pods.count)),
        _variable("PET_NPROC_PER_NODE", _processes(trainer, info)),
        {"name": "PET_NODE_RANK", **rank_source(faults, _INDEX)},
        _variable("PET_MASTER_ADDR", _first_host(trainjob)),
        _variable("PET_MASTER_PORT", PORT),
    )
    upsert(container.ports, {"containerPort": PORT}, keys=("containerPort", "name"))


def _jax(container: Container, pods: PodSet, trainjob: Object, faults: Faults) -> None:
    upsert(
        container.env,
        _variable("JAX_NUM_PROCESSES", group_of_one(faults, pods.count)),
        {"name": "JAX_PROCESS_ID", **rank_source(faults, _INDEX)},
        _variable("JAX_COORDINATOR_ADDRESS", f"{_first_host(trainjob)}:{PORT}"),
    )
    upsert(container.ports, {"containerPort": PORT}, keys=("containerPort", "name"))


def _processes(trainer: Object, info: RuntimeInfo) -> int | str:
    """How many processes a node has."""
    found = trainer.get("numProcPerNode") or (info.policy.get("torch") or {}).get("numProcPerNode")
    found = "auto" if found is None else found
    resources = trainer.get("resourcesPerNode")
    resources = info.resources() if resources is None else resources
    if found == "cpu" or (found == "auto" and not gpus(resources)):
        return max(1, _processors(resources))
    kept: int | str = found
    return kept


def _processors(resources: Object) -> int:
    for part in ("requests", "limits"):
        amount = (resources.get(part) or {}).get("cpu")
        if amount is not None and parse_quantity(str(amount)):
            return math.ceil(parse_quantity(str(amount)))
    return 0


def _first_host(trainjob: Object) -> str:
    name = trainjob["metadata"]["name"]
    return f"{name}-{NODE}-0-0.{name}"


def _variable(name: str, value: int | str) -> Object:
    return {"name": name, "value": str(value)}
