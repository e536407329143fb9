"""The kinds of objects of a detached run, and how each is made, found and deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """A kind; `api` and `called` as in the official client: CoreV1Api, config_map."""

    name: str
    api: str
    called: str
    namespaced: bool = True

    def create(self, kubernetes: KubernetesClient, document: dict[str, Any]) -> None:
        """Make an object. Raises KubeflowErrors."""
        metadata = document["metadata"]
        place = f"{metadata['namespace']}/" if self.namespaced else ""
        with calling(f"create {self.name} {place}{metadata['name']}"):
            self._call(kubernetes, "create", metadata.get("namespace"))(document)

    def listed(self, kubernetes: KubernetesClient, namespace: str, selector: str) -> list[Any]:
        """Those that a selector selects; none where we may not list them."""
        try:
            with calling(f"list {self.name}"):
                found = self._call(kubernetes, "list", namespace)(label_selector=selector)
        except PermissionDenied:
            if self.namespaced:
                raise
            return []
        return list(found.items)

    def delete(self, kubernetes: KubernetesClient, found: Any) -> bool:
        """Delete what `listed` gave, if it is the same still; whether it was there."""
        metadata = found.metadata
        body = {"preconditions": {"uid": metadata.uid}, "propagationPolicy": "Foreground"}
        try:
            with calling(f"delete {self.name} {metadata.name}"):
                self._call(kubernetes, "delete", metadata.namespace, metadata.name)(body=body)
        except NotFound:
            return False
        return True

    def _call(
        self, kubernetes: KubernetesClient, verb: str, namespace: str | None, *names: str
    ) -> Any:
        from kubernetes import client

        scope = "_namespaced" if self.namespaced else ""
        method = getattr(
            getattr(client, self.api)(kubernetes.api_client), f"{verb}{scope}_{self.called}"
        )
        places = [*names, *([namespace] if self.namespaced else [])]
        return lambda *given, **options: method(*places, *given, **options)


JOB = ObjectKind("Job", "BatchV1Api", "job")
_RBAC = "RbacAuthorizationV1Api"
KINDS = (
    JOB,
    ObjectKind("NetworkPolicy", "NetworkingV1Api", "network_policy"),
    ObjectKind("ConfigMap", "CoreV1Api", "config_map"),
    ObjectKind("Secret", "CoreV1Api", "secret"),
    ObjectKind("RoleBinding", _RBAC, "role_binding"),
    ObjectKind("Role", _RBAC, "role"),
    ObjectKind("ClusterRoleBinding", _RBAC, "cluster_role_binding", namespaced=False),
    ObjectKind("ClusterRole", _RBAC, "cluster_role", namespaced=False),
    ObjectKind("ServiceAccount", "CoreV1Api", "service_account"),
    ObjectKind("PersistentVolumeClaim", "CoreV1Api", "persistent_volume_claim"),
)
"""In the order in which they are deleted: the Job first, whose session may need the others."""

BY_NAME = {one.name: one for one in KINDS}


def found_by(
    kubernetes: KubernetesClient, namespace: str, selector: str
) -> Iterator[tuple[ObjectKind, Any]]:
    """All objects that a selector selects, in that order."""
    for kind in KINDS:
        for found in kind.listed(kubernetes, namespace, selector):
            yield kind, found
