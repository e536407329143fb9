"""What the operator's webhook refuses of PyTorchJobs.

Rules and words: kubeflow/training-operator v1.9.2, pkg/webhooks/pytorch.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training import goerrors
from pytest_kubeflow.local.training.operator.defaults import CONTAINER, MASTER, WORKER

_REPLICAS = "spec.pytorchReplicaSpecs"
_MANAGERS = (
    "kubeflow.org/training-operator",
    "kueue.x-k8s.io/multikueue",
)


def job_errors(job: Object) -> Iterator[str]:
    """What is wrong with a PyTorchJob."""
    name, spec = job["metadata"]["name"], job.get("spec") or {}
    if errors := list(goerrors.dns_1035_label(name)):
        yield goerrors.invalid("metadata.name", name, f"should match: {','.join(errors)}")
    manager = (spec.get("runPolicy") or {}).get("managedBy")
    if manager is not None and manager not in _MANAGERS:
        shown = ", ".join(f'"{one}"' for one in _MANAGERS)
        yield (
            f'spec.runPolicy.managedBy: Unsupported value: "{manager}": supported values: {shown}'
        )
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
    below = f"{path}.template.spec.containers"
    if kind not in {MASTER, WORKER}:
        shown = f'"{MASTER}", "{WORKER}"'
        yield f'{path}: Unsupported value: "{kind}": supported values: {shown}'
    containers = ((replica.get("template") or {}).get("spec") or {}).get("containers") or []
    if not containers:
        yield f"{below}: Required value: must be specified"
    for at, one in enumerate(containers):
        if not one.get("image"):
            yield f"{below}[{at}].image: Required value: must be required"
    if not any(one.get("name") == CONTAINER for one in containers):
        why = f"must have at least one container with name {CONTAINER}"
        yield f"{below}: Required value: {why}"
    number = replica.get("replicas")
    if kind == MASTER and number != 1:
        yield goerrors.forbidden(f"{path}.replicas", "must be 1")
    elif kind != MASTER and number is not None and number < 1:
        yield goerrors.forbidden(f"{path}.replicas", "must be at least 1")
