"""What is wrong with an MPIJob, which no webhook looks at: an event says it.

Rules and words: kubeflow/training-operator v1.9.2, mpi_validation.go.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.mpi.names import LAUNCHER, WORKER


def refusal(job: Object) -> str:
    """The first thing that is wrong with it; empty if nothing is."""
    return next(_errors(job["spec"].get("mpiReplicaSpecs")), "")


def _errors(replicas: Object | None) -> Iterator[str]:
    if replicas is None:
        yield "MPIReplicaSpecs is not valid"
        return
    for kind, replica in sorted(replicas.items()):
        yield from _replica(kind, replica)
    if LAUNCHER not in replicas:
        yield "MPIReplicaSpec is not valid: Master ReplicaSpec must be present"


def _replica(kind: str, replica: Object) -> Iterator[str]:
    containers = ((replica.get("template") or {}).get("spec") or {}).get("containers") or []
    if not containers:
        yield f"MPIReplicaSpecs is not valid: containers definition expected in {kind}"
    if kind not in {LAUNCHER, WORKER}:
        yield f"MPIReplicaType is {kind} but must be one of [{LAUNCHER} {WORKER}]"
    for one in containers:
        for field, title in (("image", "Image"), ("name", "ImageName")):
            if not one.get(field):
                where = f"{title} is undefined in the container of {kind}"
                yield f"MPIReplicaSpec is not valid: {where}"
    if kind == LAUNCHER and replica.get("replicas") not in {None, 1}:
        yield "MPIReplicaSpec is not valid: There must be only 1 launcher replica"
