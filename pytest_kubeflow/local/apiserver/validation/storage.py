"""Claims, the templates of claims, volumes and their classes.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    Cause,
    bad,
    forbidden,
    quantity,
    required,
    unsupported,
)

_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES = ("Block", "Filesystem")
_RECLAIM = ("Delete", "Retain")
_BINDING = ("Immediate", "WaitForFirstConsumer")
_SOURCES = (
    *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc"),
    *("flexVolume", "flocker", "gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local"),
    *("nfs", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO", "storageos"),
    "vsphereVolume",
)


def claim(obj: Object) -> Iterator[Cause]:
    """A claim, or a template of claims."""
    spec = obj.get("spec") or {}
    modes = spec.get("accessModes") or []
    if not modes:
        yield required("spec.accessModes", "at least 1 access mode is required")
    yield from _modes(modes)
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes")
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    field = "spec.resources[storage]"
    if storage is None:
        yield required(field)
    elif quantity("PersistentVolumeClaim", storage) <= 0:
        yield bad(field, str(storage), "must be greater than zero")
    if (mode := spec.get("volumeMode", "Filesystem")) not in _VOLUME_MODES:
        yield unsupported("spec.volumeMode", mode, _VOLUME_MODES)


def claim_update(new: Object, old: Object) -> Iterator[Cause]:
    free = ("resources", "volumeAttributesClassName")
    was = {key: value for key, value in old["spec"].items() if key not in free}
    becomes = {key: value for key, value in new["spec"].items() if key not in free}
    if not was.get("volumeName"):
        becomes.pop("volumeName", None)
        was.pop("volumeName", None)
    bound = (old.get("status") or {}).get("phase") == "Bound"
    if was != becomes or (
        not bound and new["spec"].get("resources") != old["spec"].get("resources")
    ):
        why = (
            "spec is immutable after creation except resources.requests and "
            "volumeAttributesClassName for bound claims"
        )
        yield forbidden("spec", why)
        return
    before, after = (
        ((one["spec"].get("resources") or {}).get("requests") or {}).get("storage", "0")
        for one in (old, new)
    )
    if quantity("PersistentVolumeClaim", after) < quantity("PersistentVolumeClaim", before):
        why = "field can not be less than status.capacity"
        yield forbidden("spec.resources.requests.storage", why)


def volume(obj: Object) -> Iterator[Cause]:
    """A PersistentVolume."""
    spec = obj.get("spec") or {}
    if not spec.get("accessModes"):
        yield required("spec.accessModes")
    yield from _modes(spec.get("accessModes") or [])
    if not spec.get("capacity"):
        yield required("spec.capacity")
    found = [one for one in _SOURCES if spec.get(one) is not None]
    if not found:
        yield required("spec", "must specify a volume type")
    for extra in found[1:]:
        yield forbidden(f"spec.{extra}", "may not specify more than 1 volume type")
    if found[:1] == ["local"] and not (spec.get("nodeAffinity") or {}).get("required"):
        yield required("spec.nodeAffinity", "Local volume requires node affinity")


def _modes(modes: list[str]) -> Iterator[Cause]:
    for mode in modes:
        if mode not in _MODES:
            yield unsupported("spec.accessModes", mode, _MODES)


def storage_class(obj: Object) -> Iterator[Cause]:
    if not obj.get("provisioner"):
        yield required("provisioner")
    for field, supported in (("reclaimPolicy", _RECLAIM), ("volumeBindingMode", _BINDING)):
        if (found := obj.get(field) or "") not in supported:
            yield unsupported(field, found, supported)


def storage_class_update(new: Object, old: Object) -> Iterator[Cause]:
    for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        if (new.get(field) or None) != (old.get(field) or None):
            yield forbidden(field, f"updates to {field} are forbidden.")
