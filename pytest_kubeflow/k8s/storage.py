"""Storage classes: which there are, and which one claims get that name none."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.k8s.client import KubernetesClient, calling

_DEFAULT = "storageclass.kubernetes.io/is-default-class"


@dataclass(frozen=True, slots=True)
class StorageClass:
    """One of the cluster's, and whether it is the default one."""

    name: str
    default: bool


def storage_classes(kubernetes: KubernetesClient) -> list[StorageClass]:
    """All of them, the default one first. Raises PermissionDenied where they cannot be listed."""
    with calling("list storage classes"):
        found = kubernetes.storage.list_storage_class().items
    classes = [
        StorageClass(
            one.metadata.name, (one.metadata.annotations or {}).get(_DEFAULT, "") == "true"
        )
        for one in found
    ]
    return sorted(classes, key=lambda one: (not one.default, one.name))
