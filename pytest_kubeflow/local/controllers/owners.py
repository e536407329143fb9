"""Owner references: which object a controller made for which other."""

from __future__ import annotations

from collections.abc import Iterable

from pytest_kubeflow.local.kube.client import Object


def controller_reference(owner: Object) -> Object:
    """The reference that makes `owner` the controller of an object."""
    metadata = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object) -> Object | None:
    """The reference to the controller of `obj`, if it has one."""
    references: list[Object] = obj["metadata"].get("ownerReferences") or []
    return next((one for one in references if one.get("controller")), None)


def controlled(objects: Iterable[Object], owner: Object) -> list[Object]:
    """Those of `objects` whose controller is `owner`."""
    uid = owner["metadata"]["uid"]
    return [
        one
        for one in objects
        for reference in one["metadata"].get("ownerReferences") or ()
        if reference.get("uid") == uid and reference.get("controller")
    ]
