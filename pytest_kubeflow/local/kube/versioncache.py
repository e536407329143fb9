"""VersionCache: what is made of objects, made once for each version of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from pytest_kubeflow.local.kube.client import Object

_Made = TypeVar("_Made")


class VersionCache(Generic[_Made]):
    """For objects of which most stay as they are while others are reconciled.

    Keeps what `make` gives until the object is forgotten.
    """

    def __init__(self, make: Callable[[Object], _Made]) -> None:
        self._make = make
        self._known: dict[str, tuple[str, _Made]] = {}  # by uid

    def of(self, obj: Object) -> _Made:
        """What is made of this version of the object."""
        metadata = obj["metadata"]
        known = self._known.get(metadata["uid"])
        if known is not None and known[0] == metadata["resourceVersion"]:
            return known[1]
        made = self._make(obj)
        self._known[metadata["uid"]] = metadata["resourceVersion"], made
        return made

    def on_change(self, kind: str, obj: Object) -> None:
        """As a handler of an informer: what is deleted is forgotten."""
        if kind == "DELETED":
            self._known.pop(obj["metadata"]["uid"], None)
