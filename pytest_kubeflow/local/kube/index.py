"""Index: the objects of an informer by a value that each of them has, as client-go's indexers."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from pytest_kubeflow.local.kube.client import Object


class Index:
    """Kept by its informer. `value` gives that of an object; None: it is not in the index.

    Keys are those of the informer: `(namespace, name)`.
    """

    def __init__(self, value: Callable[[Object], Hashable | None]) -> None:
        self._value = value
        self._objects: dict[Hashable, dict[tuple[str, str], Object]] = {}

    def get(self, value: Hashable) -> list[Object]:
        """The objects with this value, in the order in which they came to have it."""
        return list(self._objects.get(value, {}).values())

    def put(self, key: tuple[str, str], obj: Object, known: Object | None) -> None:
        """An object that has come, or that is what `known` has become."""
        value = self._value(obj)
        if known is not None and self._value(known) != value:
            self.remove(key, known)
        if value is not None:
            self._objects.setdefault(value, {})[key] = obj

    def remove(self, key: tuple[str, str], obj: Object) -> None:
        """One that is gone."""
        value = self._value(obj)
        if value is None:
            return
        others = self._objects[value]
        del others[key]
        if not others:
            del self._objects[value]


def controller_uid(obj: Object) -> str | None:
    """That of an object's controller; kube-controller-manager has an index of pods by it."""
    references: list[Object] = obj["metadata"].get("ownerReferences") or []
    return next((one.get("uid") for one in references if one.get("controller")), None)
