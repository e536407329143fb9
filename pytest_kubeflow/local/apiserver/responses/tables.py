"""Tables: what `kubectl get` prints, made by the server (meta.k8s.io/v1 Table)."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.responses.columns import columns_of


def table(
    kind: ResourceType,
    version: str,
    objects: Iterable[Object],
    metadata: Object,
    shown: str = "Metadata",
) -> Object:
    """A meta.k8s.io/v1 Table of `objects`.

    Of each object a row carries what `shown` says: its Metadata, the whole Object, or None of it.
    """
    columns = columns_of(kind, version)
    rows = [
        {"cells": [cell(obj) for _, _, cell in columns], **_row_object(obj, shown)}
        for obj in objects
    ]
    definitions = [
        {
            "name": name,
            "type": "string",
            "format": "name" if name == "Name" else "",
            "description": "",
            "priority": priority,
        }
        for name, priority, _ in columns
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def _row_object(obj: Object, shown: str) -> Object:
    if shown == "None":
        return {"object": None}
    if shown == "Object":
        return {"object": obj}
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {"object": {**partial, "metadata": obj["metadata"]}}
