"""What the API server refuses of claims, and of the templates of claims.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.causes import Cause, bad, quantity, required, unsupported
from pytest_kubeflow.local.apiserver.errors import Object


def claim(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    supported = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
    for mode in spec.get("accessModes") or []:
        if mode not in supported:
            yield unsupported("spec.accessModes", mode, supported)
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    field = "spec.resources[storage]"
    if storage is None:
        yield required(field)
        return
    if quantity("PersistentVolumeClaim", storage) <= 0:
        yield bad(field, str(storage), "must be greater than zero")
