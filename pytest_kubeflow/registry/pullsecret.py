"""PullSecret: a Secret with which nodes log in at a registry for the pods that name it."""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.registry.credentials import RegistryLogin

_TYPE, _KEY = "kubernetes.io/dockerconfigjson", ".dockerconfigjson"


@dataclass(frozen=True, slots=True)
class PullSecret:
    """One in a namespace, for one registry."""

    kubernetes: KubernetesClient
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"Secret {self.namespace}/{self.name}"

    @classmethod
    def create(
        cls,
        kubernetes: KubernetesClient,
        namespace: str,
        *,
        registry: str,
        login: RegistryLogin,
        ownership: Ownership,
    ) -> PullSecret:
        """Make one. Raises KubeflowErrors."""
        made = cls(kubernetes, namespace, ownership.name("pull"))
        config = login.docker_config(registry)
        body = {
            "metadata": {"name": made.name, "labels": ownership.labels()},
            "type": _TYPE,
            "data": {_KEY: base64.b64encode(config.encode()).decode()},
        }
        with calling(f"create {made}"):
            kubernetes.core.create_namespaced_secret(namespace, body)
        MADE.add("secret")
        return made

    def delete(self) -> None:
        """Remove it; one that is gone already is fine."""
        with contextlib.suppress(NotFound), calling(f"delete {self}"):
            self.kubernetes.core.delete_namespaced_secret(self.name, self.namespace)
