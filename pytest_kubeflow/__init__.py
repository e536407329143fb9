"""Acceptance tests of a Kubeflow cluster, as a pytest plugin. Importing this imports no SDK."""

from pytest_kubeflow.config import KubeflowConfig
from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    ComponentMissing,
    ConfigurationError,
    Evidence,
    KubeflowError,
    NotFound,
    ObjectStoreError,
    PermissionDenied,
    PodFailed,
    RunFailed,
    VolumeError,
    WaitTimeout,
)
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.waiting import Deadline, wait_until

__all__ = [
    "AuthenticationError",
    "ClusterUnreachable",
    "ComponentMissing",
    "ConfigurationError",
    "Deadline",
    "Evidence",
    "KubeflowConfig",
    "KubeflowError",
    "NotFound",
    "ObjectStoreError",
    "PermissionDenied",
    "PodFailed",
    "Redactor",
    "RunFailed",
    "Secret",
    "VolumeError",
    "WaitTimeout",
    "wait_until",
]
