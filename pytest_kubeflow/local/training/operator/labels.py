"""Labels by which the operator knows what belongs to a job.

Facts: kubeflow/training-operator v1.9.2, pkg/apis/kubeflow.org/v1/common_types.go.
"""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object

_DOMAIN = "training.kubeflow.org"
TYPE, INDEX, ROLE = (f"{_DOMAIN}/{one}" for one in ("replica-type", "replica-index", "job-role"))


def controller_of_kind(kind: str) -> str:
    """What the operator calls its controller of a kind: `pytorchjob-controller`."""
    return f"{kind.lower()}-controller"


def labels_of(job: Object) -> dict[str, str]:
    """Those of all that belongs to a job."""
    return {
        f"{_DOMAIN}/operator-name": controller_of_kind(job["kind"]),
        f"{_DOMAIN}/job-name": job["metadata"]["name"],
    }
