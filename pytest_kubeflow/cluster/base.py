"""KubernetesCluster: a cluster by its Kubernetes API alone, whether or not it has a Kubeflow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from pytest_kubeflow.cluster.capabilities import Capabilities, sought
from pytest_kubeflow.cluster.store import StoreLocation
from pytest_kubeflow.config.components import COMPONENTS
from pytest_kubeflow.config.groups.objectstore import S3Settings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ComponentMissing, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.redaction import Redactor


@dataclass(frozen=True)
class KubernetesCluster:
    """What every session has of its cluster. `Cluster` is one whose Kubeflow was entered."""

    config: KubeflowConfig
    """The configuration, with the embedded cluster's addresses filled in."""

    kubernetes: KubernetesClient
    """The Kubernetes API; its credentials are its own."""

    ownership: Ownership
    """The labels of what this session makes."""

    redactor: Redactor
    """Takes secrets out of texts; tell it each secret that you make."""

    def close(self) -> None:
        """Close the connections that are ours."""
        if "store" in vars(self):
            self.store.close()
        self.kubernetes.close()

    @cached_property
    def store(self) -> StoreLocation:
        """The way to the object store, which it looks for when first asked."""
        return StoreLocation(self.config, self.kubernetes)

    @property
    def s3(self) -> S3Settings:
        """How the object store is reached: as configured, or as it was found."""
        return self.store.settings

    @property
    def has_pipelines(self) -> bool:
        """Whether the KFP API was entered."""
        return False

    @cached_property
    def capabilities(self) -> Capabilities:
        """What it has, and what we may do there."""
        return Capabilities(
            self.kubernetes,
            has_store=lambda: self.s3.endpoint is not None,
            pipelines=self.has_pipelines,
        )

    def has(self, component: str) -> bool:
        """Whether the cluster has `component`. Raises ValueError for a name that nobody knows."""
        if component not in COMPONENTS:
            raise ValueError(f"unknown component {component!r}; known: {', '.join(COMPONENTS)}")
        if component == "pipelines":  # whether one got in there, for which Kubernetes is not asked
            return self.has_pipelines
        if component == "gpu":
            return bool(self.capabilities.gpus)
        return component in self.capabilities.components

    def require(self, component: str) -> None:
        """Raise ComponentMissing, with what was looked for, if the cluster lacks `component`.

        So it does if what there is cannot be read. Raises ValueError for a name that nobody knows.
        """
        try:
            there = self.has(component)
        except KubeflowError as error:
            raise ComponentMissing(
                f"whether this cluster has {component} cannot be told: {error.message}"
            ) from error
        if not there and component == "objectstore":
            raise ComponentMissing(self.store.reason)
        if not there:
            raise ComponentMissing(f"this cluster has no {component}: {sought(component)}")

    def storage_classes(self) -> list[str]:
        """The names of the storage classes, the default one first."""
        return [one.name for one in self.capabilities.storage_classes]
