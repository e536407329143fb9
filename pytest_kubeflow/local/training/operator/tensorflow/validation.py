"""What the operator's webhook refuses of TFJobs.

Rules and words: kubeflow/training-operator v1.9.2, pkg/webhooks/tensorflow.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training import goerrors
from pytest_kubeflow.local.training.operator.tensorflow.names import CONTAINER, LEADERS
from pytest_kubeflow.local.training.operator.validation import (
    container_errors,
    job_errors,
    manager_errors,
)

_REPLICAS = "spec.tfReplicaSpecs"


def tf_job_errors(before: Object | None, job: Object) -> Iterator[str]:
    """What is wrong with a TFJob. Of its replicas any kind is taken, and any number."""
    yield from job_errors(job)
    yield from manager_errors(before, job)
    replicas = (job.get("spec") or {}).get("tfReplicaSpecs")
    if replicas is None:
        yield f"{_REPLICAS}: Required value: must be required"
    for kind, replica in (replicas or {}).items():
        yield from container_errors(f"{_REPLICAS}[{kind}]", replica, CONTAINER)
    if len(LEADERS & (replicas or {}).keys()) > 1:
        yield goerrors.forbidden(_REPLICAS, "must not have more than 1 Chief or Master role")
