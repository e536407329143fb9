"""Labels and names of what Katib makes.

Names: kubeflow/katib v0.19.0, pkg/controller.v1beta1/util and consts.
"""

from __future__ import annotations

from pytest_kubeflow.local.kube.client import Object

EXPERIMENT, SUGGESTION, TRIAL, DEPLOYMENT = (
    f"katib.kubeflow.org/{name}" for name in ("experiment", "suggestion", "trial", "deployment")
)
INJECTION, ENABLED = "katib.kubeflow.org/metrics-collector-injection", "enabled"
TRIAL_FINALIZER = "clean-metrics-in-db"
_SIDECAR = "sidecar.istio.io/inject"


def service_name(suggestion: Object) -> str:
    """What a suggestion's Deployment, Service, claim and account are called."""
    algorithm = suggestion["spec"]["algorithm"]["algorithmName"]
    return f"{suggestion['metadata']['name']}-{algorithm}"


def endpoint(suggestion: Object, port: int) -> str:
    """Where its service, or the one beside it, is asked."""
    return f"{service_name(suggestion)}.{suggestion['metadata']['namespace']}:{port}"


def suggestion_labels(suggestion: Object) -> dict[str, str]:
    """Those of its pods."""
    metadata = suggestion["metadata"]
    return {
        **(metadata.get("labels") or {}),
        DEPLOYMENT: service_name(suggestion),
        EXPERIMENT: metadata["name"],
        SUGGESTION: metadata["name"],
        _SIDECAR: "false",
    }


def trial_labels(experiment: Object) -> dict[str, str]:
    """Those of an experiment's trials."""
    metadata = experiment["metadata"]
    return {**(metadata.get("labels") or {}), EXPERIMENT: metadata["name"]}


def experiment_of(trial: Object) -> tuple[str, str] | None:
    """Namespace and name of a trial's experiment, by its label."""
    metadata = trial["metadata"]
    name = (metadata.get("labels") or {}).get(EXPERIMENT)
    return None if name is None else (metadata["namespace"], name)
