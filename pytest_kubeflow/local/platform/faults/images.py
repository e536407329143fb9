"""Images that cannot be had, releases that do not belong together, definitions that are off."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import (
    API_SERVICES,
    CUSTOM_RESOURCE_DEFINITIONS,
    DEPLOYMENTS,
)
from pytest_kubeflow.local.kube.times import now
from pytest_kubeflow.local.platform.components.pipelines import PERSISTENCE_AGENT
from pytest_kubeflow.local.platform.faults.definitions import definition
from pytest_kubeflow.local.platform.faults.edits import Change, Edit, Make
from pytest_kubeflow.local.platform.faults.fault import PlatformFault
from pytest_kubeflow.local.platform.faults.programs import altered, container, saying

_OLD_SPARK = "ghcr.io/kubeflow/spark-operator/controller:2.2.0"
_OLD_DASHBOARD = "ghcr.io/kubeflow/kubeflow/central-dashboard:v1.10.0"
_MPI, _TRAINING = "mpioperator/mpi-operator:0.6.0", "kubeflow/training-operator:v1.9.2"
_NO_MPI = (
    'E1129 12:00:00.000000       1 main.go:70] no matches for kind "MPIJob" in version '
    '"kubeflow.org/v1"'
)


def _image(image: str) -> Sequence[Edit]:
    return [altered(PERSISTENCE_AGENT, lambda one: {**one, "image": image})]


def _deployment(name: str, image: str, script: str, **labels: str) -> Edit:
    labels = labels or {"app": name}
    spec = {
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container(name, image, script)],
    }
    return Make(
        DEPLOYMENTS,
        {
            "metadata": {"name": name, "namespace": "kubeflow", "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        },
    )


def _not_established() -> Sequence[Edit]:
    """Its names are those of another definition, as the server has found."""
    found = definition("kubeflow.org", "Workspace", "v1beta1")
    conditions = [
        {
            "type": "NamesAccepted",
            "status": "False",
            "reason": "ListKindConflict",
            "message": '"WorkspaceList" is already in use',
            "lastTransitionTime": now(),
        },
        {
            "type": "Established",
            "status": "False",
            "reason": "NotAccepted",
            "message": "not all names are accepted",
            "lastTransitionTime": now(),
        },
    ]
    found["status"] = {"conditions": conditions, "storedVersions": ["v1beta1"]}
    return [Make(CUSTOM_RESOURCE_DEFINITIONS, found)]


def _stored() -> Sequence[Edit]:
    status = {"status": {"storedVersions": ["v1alpha2", "v1beta1"]}}
    name = "inferenceservices.serving.kserve.io"
    return [Change(CUSTOM_RESOURCE_DEFINITIONS, name, status, None, "status")]


def _api_service() -> Sequence[Edit]:
    name = "v1beta1.custom.metrics.k8s.io"
    message = (
        "failing or missing response from https://10.96.20.1:443/apis/custom.metrics.k8s.io/"
        'v1beta1: Get "https://10.96.20.1:443/apis/custom.metrics.k8s.io/v1beta1": dial tcp '
        "10.96.20.1:443: connect: connection refused"
    )
    available = {
        "type": "Available",
        "status": "False",
        "reason": "FailedDiscoveryCheck",
        "message": message,
        "lastTransitionTime": now(),
    }
    spec: Object = {
        "group": "custom.metrics.k8s.io",
        "version": "v1beta1",
        "service": {"name": "keda-metrics", "namespace": "keda", "port": 443},
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    obj = {"metadata": {"name": name}, "spec": spec, "status": {"conditions": [available]}}
    return [Make(API_SERVICES, obj)]


def _mpi() -> Sequence[Edit]:
    """Two operators, each with a version of the kind of its own: the last one has won."""
    return [
        Make(CUSTOM_RESOURCE_DEFINITIONS, definition("kubeflow.org", "MPIJob", "v2beta1")),
        _deployment("mpi-operator", _MPI, "sleep infinity"),
        _deployment("training-operator", _TRAINING, saying(_NO_MPI)),
    ]


def _conversion() -> Sequence[Edit]:
    """A kind with two versions, between which nobody translates."""
    found = definition("kubeflow.org", "Viewer", "v1", "v1beta1")
    service = {"namespace": "kubeflow", "name": "ml-pipeline-viewer-crd", "path": "/convert"}
    webhook = {"clientConfig": {"service": service}, "conversionReviewVersions": ["v1"]}
    found["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    return [Make(CUSTOM_RESOURCE_DEFINITIONS, found)]


FAULTS = {
    "image-not-pulled": PlatformFault(
        lambda: _image("gcr.io/ml-pipeline/persistenceagent:2.0.0-alpha.7")
    ),
    "image-rate-limited": PlatformFault(lambda: _image("docker.io/mysql/limited:8.4")),
    "image-platform-missing": PlatformFault(
        lambda: _image("ghcr.io/kubeflow/other-platform/persistence-agent:2.16.1")
    ),
    "versions-mixed": PlatformFault(
        lambda: [
            _deployment("spark-operator-controller", _OLD_SPARK, "sleep infinity"),
        ],
        (_OLD_SPARK,),
    ),
    "upgrade-leftover": PlatformFault(
        lambda: [
            _deployment("centraldashboard", _OLD_DASHBOARD, "sleep infinity"),
        ],
        (_OLD_DASHBOARD,),
    ),
    "crd-not-established": PlatformFault(_not_established),
    "stored-version-not-served": PlatformFault(_stored),
    "api-service-unavailable": PlatformFault(_api_service),
    "conversion-unreachable": PlatformFault(_conversion),
    "mpijobs-two-owners": PlatformFault(_mpi, (_MPI, _TRAINING)),
}
