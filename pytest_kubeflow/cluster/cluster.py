"""Cluster: one Kubeflow as everything above sees it, embedded or real."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_kubeflow.auth import Credentials
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.cluster.capabilities import Capabilities, sought
from pytest_kubeflow.config.components import COMPONENTS
from pytest_kubeflow.config.model import KubeflowConfig, S3Settings
from pytest_kubeflow.errors import ComponentMissing, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ownership import Ownership
from pytest_kubeflow.redaction import Redactor

if TYPE_CHECKING:
    import requests

    from pytest_kubeflow.k8s.portforward import PortForward


@dataclass(frozen=True)
class Cluster:
    """A connected cluster. URLs have no slash at their end."""

    config: KubeflowConfig
    """The configuration, with the embedded cluster's addresses filled in."""

    gateway_url: str
    """The front door: the platform's gateway, or what serves the pipelines."""

    kfp_api_url: str
    """The KFP API without /apis: what kfp.Client takes as its host."""

    multi_user: bool
    """Whether KFP tells users and namespaces apart."""

    credentials: Credentials
    """Who we are at the gateway."""

    login_reason: str
    """Why these credentials."""

    kubernetes: KubernetesClient
    """The Kubernetes API; its credentials are its own."""

    ownership: Ownership
    """The labels of what this session makes."""

    redactor: Redactor
    """Takes secrets out of texts; tell it each secret that you make."""

    forward: PortForward | None = None
    """The way to the gateway, where no host was given."""

    def close(self) -> None:
        """Close the connections that are ours."""
        if self.forward is not None:
            self.forward.close()
        self.kubernetes.close()

    @property
    def s3(self) -> S3Settings:
        """How the object store is reached, as far as it was configured."""
        return self.config.s3

    @property
    def user(self) -> str | None:
        """The user id that the gateway knows us by, if it is known."""
        return self.credentials.user

    @property
    def metadata_url(self) -> str:
        """The gRPC-web service of ML Metadata; methods follow after a slash."""
        return f"{self.gateway_url}/ml_metadata.MetadataStoreService"

    def session(self) -> requests.Session:
        """A new session of HTTP requests to the gateway, with our credentials."""
        return gateway_session(self.config.gateway, self.credentials)

    @cached_property
    def capabilities(self) -> Capabilities:
        """What it has, and what we may do there."""
        return Capabilities(self.kubernetes, objectstore=self.s3.endpoint is not None)

    def has(self, component: str) -> bool:
        """Whether the cluster has `component`. Raises ValueError for a name that nobody knows."""
        if component not in COMPONENTS:
            raise ValueError(f"unknown component {component!r}; known: {', '.join(COMPONENTS)}")
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
        if not there:
            raise ComponentMissing(f"this cluster has no {component}: {sought(component)}")

    def storage_classes(self) -> list[str]:
        """The names of the storage classes, the default one first."""
        return [one.name for one in self.capabilities.storage_classes]

    def run_url(self, run_id: str, namespace: str | None = None) -> str:
        """The page of a run, for people."""
        page = f"#/runs/details/{quote(run_id)}"
        if self.multi_user and self.kfp_api_url != self.gateway_url:
            space = f"?ns={quote(namespace)}" if namespace else ""
            return f"{self.gateway_url}/_/pipeline/{space}{page}"
        return f"{self.gateway_url}/{page}"
