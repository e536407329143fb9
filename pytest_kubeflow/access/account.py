"""AccountAtKubernetes: what the holder of a service account's token gets at the Kubernetes API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.access.tokens import AccountToken
from pytest_kubeflow.k8s.client import KubernetesClient, calling

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api


@dataclass(frozen=True)
class AccountAtKubernetes:
    """Asks the API server that `kubernetes` asks, with the token and nothing else of ours.

    Methods raise PermissionDenied, AuthenticationError, NotFound, ClusterUnreachable.
    """

    kubernetes: KubernetesClient = field(repr=False)
    token: AccountToken

    @property
    def name(self) -> str:
        """For people."""
        return f"the account {self.token.user}"

    def claim_names(self, namespace: str) -> list[str]:
        """The persistent volume claims there."""
        with calling(f"list claims in {namespace} as {self.name}"):
            found = self._core.list_namespaced_persistent_volume_claim(namespace)
        return [item.metadata.name for item in found.items]

    def secret_keys(self, namespace: str, name: str) -> list[str]:
        """The names of what is in a secret, not the values."""
        with calling(f"read secret {namespace}/{name} as {self.name}"):
            found = self._core.read_namespaced_secret(name, namespace)
        return sorted(found.data or {})

    def try_workflow(self, namespace: str, manifest: Mapping[str, Any]) -> None:
        """Ask for a Workflow there by a dry run: it is refused or allowed, and never made."""
        custom = self.kubernetes.with_token(self.token.token).custom
        with calling(f"create a Workflow in {namespace} as {self.name}"):
            custom.create_namespaced_custom_object(
                "argoproj.io", "v1alpha1", namespace, "workflows", dict(manifest), dry_run="All"
            )

    @cached_property
    def _core(self) -> CoreV1Api:
        return self.kubernetes.with_token(self.token.token).core
