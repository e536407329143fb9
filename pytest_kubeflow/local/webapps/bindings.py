"""Bindings: who owns a profile and who contributes to it (kfam/bindings.go of kubeflow/dashboard).

A binding is a RoleBinding and an AuthorizationPolicy of one name, with the annotations `user` and
`role`: the one for Kubernetes and whoever asks it, the other for the mesh.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import AUTHORIZATION_POLICIES, PROFILES, ROLE_BINDINGS

_CLUSTER_ROLES = {"admin": "kubeflow-admin", "edit": "kubeflow-edit", "view": "kubeflow-view"}
_ROLES = {cluster_role: role for role, cluster_role in _CLUSTER_ROLES.items()}
_GROUP = "rbac.authorization.k8s.io"
_PRINCIPALS = [
    "cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account",
    "cluster.local/ns/kubeflow/sa/ml-pipeline-ui",
]


@dataclass(frozen=True, slots=True)
class Binding:
    """A user, and what they are in a namespace: `admin`, `edit` or `view`."""

    user: str
    namespace: str
    role: str
    kind: str = "User"

    @classmethod
    def parse(cls, document: Any) -> Binding:
        """From kfam's JSON. Raises ValueError."""
        try:
            user, role = document["user"], document["roleRef"]
            found = cls(
                str(user["name"]),
                str(document["referredNamespace"]),
                str(role["name"]),
                str(user.get("kind", "User")),
            )
        except (KeyError, TypeError, AttributeError):
            raise ValueError("a binding has user, referredNamespace and roleRef") from None
        if found.role not in _CLUSTER_ROLES:
            raise ValueError(f"there is no role {found.role!r}")
        return found

    def to_json(self) -> Object:
        """As kfam tells it."""
        return {
            "user": {"kind": self.kind, "name": self.user},
            "referredNamespace": self.namespace,
            "roleRef": {"kind": "ClusterRole", "name": self.role},
        }

    @property
    def name(self) -> str:
        """Of both its objects."""
        raw = "-".join([self.kind, self.user, "clusterrole", self.role]).lower()
        return re.sub(r"[^a-z0-9]+", "-", raw)


class Bindings:
    """Those of all profiles, as they are in Kubernetes. Methods raise ApiError."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def find(self, *, user: str = "", namespace: str = "", role: str = "") -> list[Binding]:
        """The bindings of `user`, in `namespace`, with `role`; empty: all."""
        namespaces = [namespace] if namespace else await self._profiles()
        found = []
        for one in namespaces:
            items = (await self._client.list(ROLE_BINDINGS, one))["items"]
            found += list(_read(one, items))
        return [one for one in found if user in {"", one.user} and role in {"", one.role}]

    async def create(self, binding: Binding) -> None:
        metadata = {
            "name": binding.name,
            "namespace": binding.namespace,
            "annotations": {"user": binding.user, "role": binding.role},
        }
        role = {"apiGroup": _GROUP, "kind": "ClusterRole", "name": _CLUSTER_ROLES[binding.role]}
        subject = {"apiGroup": _GROUP, "kind": binding.kind, "name": binding.user}
        await self._client.create(
            ROLE_BINDINGS, {"metadata": metadata, "roleRef": role, "subjects": [subject]}
        )
        rule = {
            "from": [{"source": {"principals": _PRINCIPALS}}],
            "when": [{"key": "request.headers[kubeflow-userid]", "values": [binding.user]}],
        }
        await self._client.create(
            AUTHORIZATION_POLICIES, {"metadata": metadata, "spec": {"rules": [rule]}}
        )

    async def delete(self, binding: Binding) -> None:
        for resource in (ROLE_BINDINGS, AUTHORIZATION_POLICIES):
            await self._client.delete(resource, binding.name, binding.namespace)

    async def owns(self, user: str, profile: str) -> bool:
        """Whether `user` is the owner of the profile."""
        try:
            found = await self._client.get(PROFILES, profile)
        except ApiError as error:
            if error.not_found:
                return False
            raise
        return bool(user) and found["spec"]["owner"]["name"] == user

    async def _profiles(self) -> list[str]:
        return [one["metadata"]["name"] for one in (await self._client.list(PROFILES))["items"]]


def _read(namespace: str, items: Iterable[Object]) -> Iterable[Binding]:
    for item in items:
        annotations = item["metadata"].get("annotations") or {}
        role = _ROLES.get(item["roleRef"]["name"])
        if "user" in annotations and "role" in annotations and role is not None:
            subject = item["subjects"][0]
            yield Binding(subject["name"], namespace, role, subject["kind"])
