"""CustomObject: one object of a kind that a component has defined, by its name in a namespace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.sessions.ownership import is_ours


@dataclass(frozen=True, slots=True)
class CustomKind:
    """A kind as people call it ("Notebook"), and how the API does."""

    name: str
    group: str
    version: str
    plural: str

    @property
    def api_version(self) -> str:
        """As manifests name it: "argoproj.io/v1alpha1"."""
        return f"{self.group}/{self.version}"

    @property
    def resource(self) -> str:
        """As discovery names it: "workflows.argoproj.io"."""
        return f"{self.plural}.{self.group}"

    def of(self, kubernetes: KubernetesClient, namespace: str, name: str) -> CustomObject:
        """The object of this kind and name."""
        return CustomObject(kubernetes, self, namespace, name)


@dataclass(frozen=True)
class ObjectState:
    """An object as the API gave it."""

    object: Mapping[str, Any]

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its name, labels, annotations..."""
        found: Mapping[str, Any] = self.object["metadata"]
        return found

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.metadata["name"])

    @property
    def status(self) -> Mapping[str, Any]:
        """What its controller says of it; empty until it does."""
        found: Mapping[str, Any] = self.object.get("status") or {}
        return found

    @property
    def is_being_deleted(self) -> bool:
        """Whether it is on its way out."""
        return bool(self.metadata.get("deletionTimestamp"))


@dataclass(frozen=True)
class CustomObject:
    """Methods raise KubeflowErrors, NotFound among them, with what was to be done."""

    kubernetes: KubernetesClient
    kind: CustomKind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.name} {self.namespace}/{self.name}"

    @property
    def _address(self) -> tuple[str, str, str, str, str]:
        kind = self.kind
        return kind.group, kind.version, self.namespace, kind.plural, self.name

    def read(self) -> dict[str, Any]:
        """As it is now."""
        with calling(f"read {self}"):
            found: dict[str, Any] = self.kubernetes.custom.get_namespaced_custom_object(
                *self._address
            )
        return found

    def create(
        self, body: Mapping[str, Any], *, strict: bool = False, dry_run: bool = False
    ) -> None:
        """Make it: `body` is the whole of it.

        `strict`: fields that its definition does not know are refused, which are otherwise left out
        without a word. `dry_run`: it is refused or admitted, and never made.
        """
        kind = self.kind
        options = {"field_validation": "Strict"} if strict else {}
        if dry_run:
            options["dry_run"] = "All"
        with calling(f"create {self}"):
            self.kubernetes.custom.create_namespaced_custom_object(
                kind.group, kind.version, self.namespace, kind.plural, dict(body), **options
            )

    def patch(self, body: Mapping[str, Any]) -> None:
        """Change what `body` has."""
        with calling(f"change {self}"):
            self.kubernetes.custom.patch_namespaced_custom_object(*self._address, dict(body))

    def check_ours(self, metadata: Mapping[str, Any]) -> None:
        """Raise PermissionDenied if these metadata of it are of what no session of ours made."""
        if not is_ours(metadata.get("labels")):
            raise PermissionDenied(f"{self} was not made by pytest-kubeflow: left alone")

    def delete(self, uid: str, *, propagation: str = "Background") -> None:
        """Begin to remove the one with this `uid`, and no other that has its name by now."""
        with calling(f"delete {self}"):
            self.kubernetes.custom.delete_namespaced_custom_object(
                *self._address,
                body={"preconditions": {"uid": uid}, "propagationPolicy": propagation},
            )
