"""Restore: an API server that begins with objects of before, as one does that has its etcd again.

They come as they were: with their status, and with their uid, which others of them refer to.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.handlers import Handlers
from pytest_kubeflow.local.apiserver.resources import ResourceTypes
from pytest_kubeflow.local.apiserver.targets import Target

_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "generation")


def restore(handlers: Handlers, objects: Iterable[Object]) -> None:
    """Store `objects`, definitions before what they define.

    Raises StatusError for one that the server would not take, ValueError for an unknown kind.
    """
    for obj in objects:
        target = _target(handlers.registry, obj)
        given = obj["metadata"]
        kept = {field: given[field] for field in _KEPT if field in given}
        made = handlers.create(target, obj)
        if kept or ("status" in obj and made.get("status") != obj["status"]):
            metadata = {**made["metadata"], **kept}
            status = {"status": obj["status"]} if "status" in obj else {}
            key = (metadata.get("namespace", ""), metadata["name"])
            handlers.store.put(target.kind.type, key, {**made, "metadata": metadata, **status})


def rewrite(handlers: Handlers, obj: Object) -> None:
    """Store `obj` in place of the one of its name, whatever has changed in it."""
    metadata = obj["metadata"]
    key = (metadata.get("namespace", ""), metadata["name"])
    handlers.store.put(_target(handlers.registry, obj).kind.type, key, obj)


def _target(registry: ResourceTypes, obj: Object) -> Target:
    group, _, version = obj["apiVersion"].rpartition("/")
    for kind in registry:
        if kind.group == group and kind.kind == obj["kind"] and version in kind.versions:
            return Target(kind, version, obj["metadata"].get("namespace", ""))
    raise ValueError(f"no kind {obj['kind']} in {obj['apiVersion']}")
