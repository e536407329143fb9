"""InferenceServices, Deployments and pods as KServe 0.13 to 0.16 and Kubernetes write them.

Cut down to the fields that are read, and what surrounds them.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes.client import ApiClient

from pytest_kubeflow.serving.workload import SOURCE, Workload

URI = "s3://models/iris"
NEW_URI = "s3://models/iris-2"
_BEGAN = datetime(2026, 3, 1, 12, tzinfo=UTC)


def condition(kind: str, status: str, reason: str = "", message: str = "") -> dict[str, Any]:
    found = {"type": kind, "status": status, "lastTransitionTime": "2026-03-01T12:00:00Z"}
    return (
        found | ({"reason": reason} if reason else {}) | ({"message": message} if message else {})
    )


def service(
    status: dict[str, Any] | None = None,
    *,
    generation: int = 1,
    uri: str = URI,
    **metadata: Any,
) -> dict[str, Any]:
    """An InferenceService with this status."""
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "iris", "namespace": "team", "generation": generation, **metadata},
        "spec": {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": uri}}},
        **({"status": status} if status is not None else {}),
    }


RAW_READY: dict[str, Any] = {
    "address": {"url": "http://iris-predictor.team.svc.cluster.local"},
    "clusterServingRuntimeName": "kserve-sklearnserver",
    "components": {"predictor": {"url": "http://iris-predictor-team.example.com"}},
    "conditions": [
        condition("IngressReady", "True"),
        condition("PredictorReady", "True"),
        condition("Ready", "True"),
        condition("Stopped", "False") | {"severity": "Info"},
    ],
    "deploymentMode": "Standard",
    "modelStatus": {
        "copies": {"failedCopies": 0, "totalCopies": 1},
        "states": {"activeModelState": "Loaded", "targetModelState": "Loaded"},
        "transitionStatus": "UpToDate",
    },
    "observedGeneration": 1,
    "url": "http://iris-team.example.com",
}
"""0.16, Standard."""

OLD_RAW_READY: dict[str, Any] = {
    "conditions": RAW_READY["conditions"],
    "components": RAW_READY["components"],
    "modelStatus": RAW_READY["modelStatus"],
    "url": "http://iris-team.example.com",
}
"""0.13, RawDeployment: neither mode nor generation are told."""

KNATIVE_READY: dict[str, Any] = {
    "components": {
        "predictor": {
            "address": {"url": "http://iris-predictor.team.svc.cluster.local"},
            "latestCreatedRevision": "iris-predictor-00001",
            "latestReadyRevision": "iris-predictor-00001",
            "latestRolledoutRevision": "iris-predictor-00001",
            "traffic": [
                {"latestRevision": True, "percent": 100, "revisionName": "iris-predictor-00001"}
            ],
            "url": "http://iris-predictor.team.example.com",
        }
    },
    "conditions": [
        condition("IngressReady", "True"),
        condition("LatestDeploymentReady", "True"),
        condition("PredictorConfigurationReady", "True"),
        condition("PredictorReady", "True"),
        condition("PredictorRouteReady", "True"),
        condition("Ready", "True"),
        condition("RoutesReady", "True"),
    ],
    "modelStatus": RAW_READY["modelStatus"],
    "observedGeneration": 1,
    "url": "http://iris.team.example.com",
}
"""0.15, Serverless."""

UNKNOWN: dict[str, Any] = {
    "conditions": [
        condition("IngressReady", "False", "Predictor ingress not created"),
        condition("PredictorReady", "Unknown"),
        condition("Ready", "False", "Predictor ingress not created"),
    ],
    "modelStatus": {
        "states": {"activeModelState": "", "targetModelState": "Pending"},
        "transitionStatus": "InProgress",
    },
}
"""In its first seconds."""

FAILED_LOAD: dict[str, Any] = {
    "conditions": [
        condition("IngressReady", "False", "Predictor ingress not created"),
        condition(
            "PredictorReady",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        ),
        condition("Ready", "False", "Predictor ingress not created"),
    ],
    "deploymentMode": "RawDeployment",
    "modelStatus": {
        "copies": {"failedCopies": 0, "totalCopies": 0},
        "lastFailureInfo": {
            "exitCode": 1,
            "message": "Traceback ...\nRuntimeError: Failed to fetch model. No model found in "
            "s3://models/iris.\n",
            "reason": "ModelLoadFailed",
        },
        "states": {"activeModelState": "", "targetModelState": "FailedToLoad"},
        "transitionStatus": "BlockedByFailedLoad",
    },
    "observedGeneration": 1,
}
"""The storage initializer found nothing."""

NO_RUNTIME: dict[str, Any] = {
    "conditions": [condition("Ready", "Unknown"), condition("PredictorReady", "Unknown")],
    "modelStatus": {
        "lastFailureInfo": {
            "message": "No runtime found to support predictor with model type: {onnx <nil>}",
            "reason": "NoSupportingRuntime",
        },
        "states": {"activeModelState": "", "targetModelState": "FailedToLoad"},
        "transitionStatus": "InvalidSpec",
    },
}

STOPPED: dict[str, Any] = {
    "conditions": [
        condition("Ready", "False", "Stopped"),
        condition("Stopped", "True", "Stopped"),
    ],
    "modelStatus": {"transitionStatus": "UpToDate"},
}


def changed(status: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with other top-level fields; None takes one out."""
    whole = {**copy.deepcopy(status), **changes}
    return {name: value for name, value in whole.items() if value is not None}


class _Body:
    def __init__(self, data: Any) -> None:
        import json

        self.data = json.dumps(data, default=str)


def typed(data: dict[str, Any], kind: str) -> Any:
    """The official client's object for this JSON."""
    return ApiClient().deserialize(_Body(data), kind)


def deployment(
    numbers: dict[str, int] | None = None,
    *,
    uri: str | None = URI,
    revision: str = "",
    by_initializer: bool = False,
) -> Any:
    """A predictor's Deployment, rolled out unless `numbers` say otherwise.

    `numbers`: generation, observed, wanted, updated, all, available.
    """
    found = {"generation": 1, "observed": 1, "wanted": 1, "updated": 1, "all": 1, "available": 1}
    found |= numbers or {}
    name = f"{revision}-deployment" if revision else "iris-predictor"
    labels = {"serving.kserve.io/inferenceservice": "iris"}
    if revision:
        labels["serving.knative.dev/revision"] = revision
    else:
        labels["component"] = "predictor"
    loader = {"name": "storage-initializer", "image": "loader:1", "args": [uri, "/mnt/models"]}
    return typed(
        {
            "metadata": {"name": name, "labels": labels, "generation": found["generation"]},
            "spec": {
                "replicas": found["wanted"],
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {
                        "annotations": {SOURCE: uri} if uri and not by_initializer else {}
                    },
                    "spec": {
                        "containers": [{"name": "kserve-container", "image": "server:1"}],
                        "initContainers": [loader] if by_initializer else None,
                    },
                },
            },
            "status": {
                "observedGeneration": found["observed"],
                "replicas": found["all"],
                "updatedReplicas": found["updated"],
                "availableReplicas": found["available"],
            },
        },
        "V1Deployment",
    )


def container(
    name: str,
    *,
    state: dict[str, Any],
    last: dict[str, Any] | None = None,
    restarts: int = 0,
    ready: bool = False,
) -> dict[str, Any]:
    """A container's status."""
    return {
        "name": name,
        "image": "server:1",
        "imageID": "",
        "ready": ready,
        "restartCount": restarts,
        "state": state,
        "lastState": last or {},
    }


RUNNING = {"running": {"startedAt": "2026-03-01T12:00:05Z"}}
BACK_OFF = {
    "waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting failed container"}
}
CREATING = {"waiting": {"reason": "PodInitializing"}}


def ended(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    """The state of a container that has ended."""
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def pod(
    *containers: dict[str, Any],
    init: tuple[dict[str, Any], ...] = (),
    name: str = "iris-predictor-1",
    age: int = 0,
    deleted: bool = False,
) -> Any:
    """A predictor's pod, `age` seconds older than the youngest."""
    metadata = {"name": name, "creationTimestamp": (_BEGAN - timedelta(seconds=age)).isoformat()}
    if deleted:
        metadata["deletionTimestamp"] = _BEGAN.isoformat()
    return typed(
        {
            "metadata": metadata,
            "spec": {"containers": [{"name": "kserve-container"}]},
            "status": {
                "phase": "Running",
                "containerStatuses": list(containers),
                "initContainerStatuses": list(init),
            },
        },
        "V1Pod",
    )


NOTHING = Workload([], [])
