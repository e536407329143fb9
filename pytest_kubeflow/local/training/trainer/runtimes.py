"""Runtimes that a TrainJob may name, by the group and kind of its reference."""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    CLUSTER_TRAINING_RUNTIMES,
    TRAINING_RUNTIMES,
    Resource,
)

_KINDS = {
    f"{one.kind}.trainer.kubeflow.org": one
    for one in (CLUSTER_TRAINING_RUNTIMES, TRAINING_RUNTIMES)
}


def kind_of(trainjob: Object) -> str:
    """Kind and group of the runtime, as Go writes them."""
    reference = trainjob["spec"]["runtimeRef"]
    kind, group = reference.get("kind", ""), reference.get("apiGroup", "")
    return f"{kind}.{group}" if group else kind


def resource_of(trainjob: Object) -> Resource | None:
    """Where that runtime is; None if it is of another kind than there are."""
    return _KINDS.get(kind_of(trainjob))


def unsupported(kind: str) -> str:
    """What is said then."""
    return f"unsupported runtime: {kind}"
