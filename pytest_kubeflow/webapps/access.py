"""ServerAccess: what the servers of one namespace, and their web app, are asked with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.cluster.namespace_access import NamespaceAccess

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True)
class ServerAccess(NamespaceAccess):
    """By their objects, and by the gateway as us."""

    cluster: Cluster

    @cached_property
    def session(self) -> requests.Session:
        """Requests to the gateway, as us."""
        return self.cluster.session()

    @cached_property
    def hasty_session(self) -> requests.Session:
        """The same, each asked once: while a server starts, each answer counts."""
        return self.cluster.session(patient=False)
