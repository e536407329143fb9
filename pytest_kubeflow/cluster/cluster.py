"""Cluster: one Kubeflow as everything above sees it, embedded or real."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_kubeflow.auth import Credentials
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.cluster import capabilities
from pytest_kubeflow.config.components import COMPONENTS
from pytest_kubeflow.config.model import KubeflowConfig, S3Settings
from pytest_kubeflow.errors import ComponentMissing, KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.ownership import Ownership
from pytest_kubeflow.redaction import Redactor

if TYPE_CHECKING:
    import requests


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
    def capabilities(self) -> frozenset[str]:
        """The components that are there, of `COMPONENTS`; "gpu" is asked for only by `has`."""
        always = {"pipelines"} if self.s3.endpoint is None else {"pipelines", "objectstore"}
        return capabilities.discover(self.kubernetes) | always

    @cached_property
    def _has_gpu(self) -> bool:
        return capabilities.has_gpu(self.kubernetes)

    def has(self, component: str) -> bool:
        """Whether the cluster has `component`. Raises ValueError for a name that nobody knows."""
        if component not in COMPONENTS:
            raise ValueError(f"unknown component {component!r}; known: {', '.join(COMPONENTS)}")
        return self._has_gpu if component == "gpu" else component in self.capabilities

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
            raise ComponentMissing(
                f"this cluster has no {component}: {capabilities.sought(component)}"
            )

    def storage_classes(self) -> list[str]:
        """The names of the storage classes, the default one first."""
        with calling("list storage classes"):
            found = self.kubernetes.storage.list_storage_class().items
        key = "storageclass.kubernetes.io/is-default-class"

        def rank(item: object) -> tuple[bool, str]:
            metadata = item.metadata  # type: ignore[attr-defined]
            return (metadata.annotations or {}).get(key) != "true", metadata.name

        return [item.metadata.name for item in sorted(found, key=rank)]

    def run_url(self, run_id: str, namespace: str | None = None) -> str:
        """The page of a run, for people."""
        page = f"#/runs/details/{quote(run_id)}"
        if self.multi_user and self.kfp_api_url != self.gateway_url:
            space = f"?ns={quote(namespace)}" if namespace else ""
            return f"{self.gateway_url}/_/pipeline/{space}{page}"
        return f"{self.gateway_url}/{page}"
