"""TrainingAccess: what the training jobs of one namespace are asked with."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.cluster.namespace_access import NamespaceAccess
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.objects.custom_object import CustomObject
from pytest_kubeflow.training.kinds import JobKind


@dataclass(frozen=True)
class TrainingAccess(NamespaceAccess):
    """What the training jobs of one namespace are asked with.

    `account` is whose token is used instead of this session's own credentials.
    """

    account: KubernetesClient | None = None

    @property
    def kubernetes(self) -> KubernetesClient:
        """The API, as whoever makes the jobs."""
        return self.account or self.cluster.kubernetes

    def at(self, kind: JobKind, name: str) -> CustomObject:
        """How a job is asked for and changed."""
        return kind.kind.of(self.kubernetes, self.namespace, name)
