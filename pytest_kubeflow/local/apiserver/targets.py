"""Target: which collection or object a request is about, and the form that objects have there.

Requests and answers carry objects in the group and version of their path; the store has one form
of each. Most differ by `apiVersion` alone: events have two faces, and `scale` stands for a part.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.local.apiserver import events, fieldtypes
from pytest_kubeflow.local.apiserver.errors import Object, bad_request
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.scale import scale_of, scaled
from pytest_kubeflow.local.apiserver.store import Name


@dataclass(frozen=True, slots=True)
class Target:
    """A collection (no `name`), an object, or a subresource of one."""

    kind: ResourceType
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> Name:
        return (self.namespace if self.kind.namespaced else "", self.name)

    @property
    def api_version(self) -> str:
        return self.kind.api_version(self.version)

    def shown(self, obj: Object) -> Object:
        """A stored object as this target's clients see it."""
        kind = self.kind
        if self.subresource == "scale":
            return scale_of(kind, self.version, obj)
        if kind.group == events.GROUP:
            obj = events.to_shown(obj)
        return {**obj, "kind": kind.kind, "apiVersion": self.api_version}

    def stored(self, shown: Object, old: Object) -> Object:
        """What is to be stored instead of `old` for an object in the form that clients see."""
        if self.subresource == "scale":
            return scaled(self.kind, self.version, old, shown)
        return events.to_stored(shown) if self.kind.group == events.GROUP else shown

    def typed(self, obj: Object) -> Object:
        """An object from a request, with `kind` and `apiVersion`. Raises StatusError 400."""
        wanted = {"kind": self.kind.kind, "apiVersion": self.api_version}
        if self.subresource == "scale":
            wanted = {"kind": "Scale", "apiVersion": "autoscaling/v1"}
        for field, value in wanted.items():
            if obj.get(field, value) != value:
                raise bad_request(
                    f"the {field} in the data ({obj[field]}) does not match the expected "
                    f"{field} ({value})"
                )
        return self.read({**obj, **wanted})

    def read(self, obj: Object) -> Object:
        """An object whose fields have the types of its kind. Raises StatusError 400."""
        kind = fieldtypes.SCALE if self.subresource == "scale" else fieldtypes.type_of(self.kind)
        found: Object = fieldtypes.typed(obj, kind, version=self.version)
        return found

    def placed(self, metadata: Object) -> Object:
        """Metadata with the namespace of the path. Raises StatusError 400 if it names another."""
        if not self.kind.namespaced:
            return {key: value for key, value in metadata.items() if key != "namespace"}
        if metadata.get("namespace") not in {None, "", self.namespace}:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
        return {**metadata, "namespace": self.namespace}
