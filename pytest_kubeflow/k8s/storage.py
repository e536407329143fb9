"""Storage classes: which there are, and which one claims get that name none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_kubeflow.errors import ConfigurationError, PermissionDenied
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient

DEFAULT = "storageclass.kubernetes.io/is-default-class"
"""The annotation of the class that claims get which name none."""

DEFAULTS = (DEFAULT, "storageclass.beta.kubernetes.io/is-default-class")
"""The same, with what it was called before."""


@dataclass(frozen=True, slots=True)
class StorageClass:
    """One of the cluster's, and whether it is the default one."""

    name: str
    default: bool


def is_default(annotations: Mapping[str, str]) -> bool:
    """Whether the class with these annotations is the default one."""
    return any(annotations.get(key) == "true" for key in DEFAULTS)


def storage_classes(kubernetes: KubernetesClient) -> list[StorageClass]:
    """All of them, the default one first. Raises PermissionDenied where they cannot be listed."""
    with calling("list storage classes"):
        found = kubernetes.storage.list_storage_class().items
    classes = [
        StorageClass(
            one.metadata.name,
            is_default(one.metadata.annotations or {}),
        )
        for one in found
    ]
    return sorted(classes, key=lambda one: (not one.default, one.name))


def require_storage_class(kubernetes: KubernetesClient, name: str | None) -> None:
    """Say at once what would otherwise be a claim that stays Pending; None: the default class.

    Raises ConfigurationError. Who may not list storage classes is told by the claim's events.
    """
    try:
        classes = storage_classes(kubernetes)
    except PermissionDenied:
        return
    names = sorted(one.name for one in classes)
    there = f"there are: {', '.join(names) or 'none'}"
    if name is not None and name not in names:
        raise ConfigurationError(
            f"there is no storage class {name!r} on this cluster; {there} (--kf-storage-class)"
        )
    if name is None and not any(one.default for one in classes):
        raise ConfigurationError(
            f"this cluster has no default storage class: name one with --kf-storage-class; {there}"
        )
