"""What the operator's webhook refuses of PyTorchJobs.

Rules and words: kubeflow/training-operator v1.9.2, pkg/webhooks/pytorch.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training import goerrors
from pytest_kubeflow.local.training.operator.pytorch.names import CONTAINER, MASTER, WORKER
from pytest_kubeflow.local.training.operator.validation import container_errors, job_errors

_REPLICAS = "spec.pytorchReplicaSpecs"


def pytorch_job_errors(_before: Object | None, job: Object) -> Iterator[str]:
    """What is wrong with a PyTorchJob; its manager may be another one than before."""
    yield from job_errors(job)
    spec = job.get("spec") or {}
    replicas = spec.get("pytorchReplicaSpecs")
    elastic = spec.get("elasticPolicy")
    if elastic is not None:
        if WORKER not in (replicas or {}):
            why = "must be configured if elastic policy is used"
            yield f"{_REPLICAS}[{WORKER}]: Required value: {why}"
        if elastic.get("nProcPerNode") is not None and spec.get("nprocPerNode") is not None:
            path = "spec.elasticPolicy.nProcPerNode"
            yield goerrors.forbidden(path, "must not be used with spec.nprocPerNode")
    if replicas is None:
        yield f"{_REPLICAS}: Required value: must be required"
    for kind, replica in (replicas or {}).items():
        yield from _replica(kind, replica)


def _replica(kind: str, replica: Object) -> Iterator[str]:
    path = f"{_REPLICAS}[{kind}]"
    if kind not in {MASTER, WORKER}:
        shown = f'"{MASTER}", "{WORKER}"'
        yield f'{path}: Unsupported value: "{kind}": supported values: {shown}'
    yield from container_errors(path, replica, CONTAINER)
    number = replica.get("replicas")
    if kind == MASTER and number != 1:
        yield goerrors.forbidden(f"{path}.replicas", "must be 1")
    elif kind != MASTER and number is not None and number < 1:
        yield goerrors.forbidden(f"{path}.replicas", "must be at least 1")
