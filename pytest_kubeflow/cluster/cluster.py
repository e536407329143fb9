"""Cluster: one Kubeflow as everything above sees it, embedded or real."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from pytest_kubeflow.auth import Credentials
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.websocket import gateway_websocket
from pytest_kubeflow.cluster.base import KubernetesCluster

if TYPE_CHECKING:
    import requests
    from websockets.sync.client import ClientConnection

    from pytest_kubeflow.k8s.ports.portforward import PortForward


@dataclass(frozen=True)
class Cluster(KubernetesCluster):
    """A cluster whose Kubeflow was entered. URLs have no slash at their end."""

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

    forward: PortForward | None = None
    """The way to the gateway, where no host was given."""

    def close(self) -> None:
        """Close the connections that are ours."""
        if self.forward is not None:
            self.forward.close()
        super().close()

    @property
    def has_pipelines(self) -> bool:
        """Whether the KFP API was entered."""
        return True

    @property
    def user(self) -> str | None:
        """The user id that the gateway knows us by, if it is known."""
        return self.credentials.user

    @property
    def metadata_url(self) -> str:
        """The gRPC-web service of ML Metadata; methods follow after a slash."""
        return f"{self.gateway_url}/ml_metadata.MetadataStoreService"

    def session(self, *, patient: bool = True) -> requests.Session:
        """A new session of HTTP requests to the gateway, with our credentials.

        With `patient=False` it leaves it to the caller to ask again for what is lost on the way.
        """
        return gateway_session(self.config.gateway, self.credentials, patient=patient)

    def websocket(
        self, url: str, largest: int, open_seconds: float
    ) -> AbstractContextManager[ClientConnection]:
        """A websocket behind the gateway, with our credentials; messages of `largest` bytes."""
        return gateway_websocket(
            url,
            self.config.gateway,
            self.credentials,
            largest=largest,
            open_seconds=open_seconds,
        )

    def run_url(self, run_id: str, namespace: str | None = None) -> str:
        """The page of a run, for people."""
        page = f"#/runs/details/{quote(run_id)}"
        if self.multi_user and self.kfp_api_url != self.gateway_url:
            space = f"?ns={quote(namespace)}" if namespace else ""
            return f"{self.gateway_url}/_/pipeline/{space}{page}"
        return f"{self.gateway_url}/{page}"
