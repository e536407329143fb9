"""Target: which collection or object a request is about, and the form that objects have there.

Requests and answers carry objects in the group and version of their path; the store has one form
of each. Most differ by `apiVersion` alone: events have two faces, and `scale` stands for a part.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.local.apiserver import events
from pytest_kubeflow.local.apiserver.builtin import METADATA, Decoder, kind_of
from pytest_kubeflow.local.apiserver.errors import Object, bad_request, invalid
from pytest_kubeflow.local.apiserver.requests.writeoptions import INTERNAL, WriteOptions
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

    def shown(self, obj: Object, *, asked: bool = False) -> Object:
        """A stored object as this target's clients see it; `asked`: as the answer to a GET."""
        kind = self.kind
        if self.subresource == "scale":
            return scale_of(kind, self.version, obj, asked=asked)
        if kind.group == events.GROUP:
            obj = events.to_shown(obj)
        return {**obj, "kind": kind.kind, "apiVersion": self.api_version}

    def stored(self, shown: Object, old: Object) -> Object:
        """What is to be stored instead of `old` for an object in the form that clients see."""
        if self.subresource == "scale":
            return scaled(self.kind, self.version, old, shown)
        return events.to_stored(shown) if self.kind.group == events.GROUP else shown

    def typed(self, obj: Object, options: WriteOptions) -> Object:
        """An object from a request, with `kind` and `apiVersion`. Raises StatusError 400."""
        wanted = {"kind": self.kind.kind, "apiVersion": self.api_version}
        if self.subresource == "scale":
            wanted = {"kind": "Scale", "apiVersion": "autoscaling/v1"}
        for field, value in wanted.items():
            if obj.get(field, value) != value:
                if self.kind.custom and field == "kind":
                    why = f'Invalid value: "{obj[field]}": must be {value}'
                    name = (obj.get("metadata") or {}).get("name", "")
                    cause = ("kind", "FieldValueInvalid", why)
                    raise invalid(self.kind.group, str(obj[field]), name, [cause])
                raise bad_request(
                    f"the {field} in the data ({obj[field]}) does not match the expected "
                    f"{field} ({value})"
                )
        return self.read({**obj, **wanted}, options)

    def read(self, obj: Object, options: WriteOptions = INTERNAL) -> Object:
        """An object that has the fields of its kind, of their types. Raises StatusError 400."""
        if self.subresource == "scale":
            kind = kind_of("autoscaling/v1", "Scale")
        else:
            kind = kind_of(self.api_version, self.kind.kind)
        if kind is None:
            # What a custom kind has besides is known by its definition.
            found = {"metadata": obj["metadata"]} if "metadata" in obj else {}
            return {**obj, **Decoder(METADATA, self.version, self.kind.kind).decode(found)}
        decoder = Decoder(kind, self.version, kind.short)
        decoded: Object = decoder.decode(obj)
        options.meet(decoder.unknown, decoder.prefix)
        return decoded

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
