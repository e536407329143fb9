"""Handlers: the verbs of the API on the objects in the store."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_kubeflow.local.apiserver import crds, events
from pytest_kubeflow.local.apiserver.admission import Admission
from pytest_kubeflow.local.apiserver.deletion import DeleteOptions, Deletion
from pytest_kubeflow.local.apiserver.errors import (
    Object,
    StatusError,
    already_exists,
    bad_request,
    conflict,
    expired,
    invalid,
    modified,
    not_found,
)
from pytest_kubeflow.local.apiserver.patches import APPLY, apply_patch, parse_patch
from pytest_kubeflow.local.apiserver.patches.apply import server_side_apply
from pytest_kubeflow.local.apiserver.resources import Registry, ResourceType
from pytest_kubeflow.local.apiserver.scale import scale_of, scaled
from pytest_kubeflow.local.apiserver.selectors import Predicate, parse_fields, parse_labels
from pytest_kubeflow.local.apiserver.store import Name, Store
from pytest_kubeflow.local.apiserver.strategies import Strategies
from pytest_kubeflow.local.apiserver.validation import validate

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # apimachinery/pkg/util/rand
_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_MORE_FIELDS: dict[tuple[str, str], frozenset[str]] = {
    ("", "pods"): frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.podIP",
        }
    ),
    ("", "events"): frozenset(
        {
            "involvedObject.apiVersion",
            "involvedObject.fieldPath",
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.resourceVersion",
            "involvedObject.uid",
            "reason",
            "reportingComponent",
            "source",
            "type",
        }
    ),
    ("", "namespaces"): frozenset({"status.phase"}),
    ("", "nodes"): frozenset({"spec.unschedulable"}),
    ("", "secrets"): frozenset({"type"}),
}
_FROM_SERVER = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
# Kinds whose PUT must say which version it replaces (AllowUnconditionalUpdate is false).
_ALWAYS_CONDITIONAL = {
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("coordination.k8s.io", "leases"),
    ("policy", "poddisruptionbudgets"),
}


@dataclass(frozen=True, slots=True)
class Target:
    """Which collection or object a request is about."""

    kind: ResourceType
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> Name:
        return (self.namespace if self.kind.namespaced else "", self.name)


def timestamp(after: timedelta = timedelta()) -> str:
    """Now, or a little later, as the API writes times."""
    return (datetime.now(UTC) + after).strftime("%Y-%m-%dT%H:%M:%SZ")


class Handlers:
    """One method per verb. Objects that come out carry `apiVersion` and `kind`."""

    def __init__(self, store: Store, registry: Registry, strategies: Strategies) -> None:
        self.store = store
        self.registry = registry
        self._strategies = strategies
        self._admission = Admission(store)
        self.deletion = Deletion(store, self._gone)

    def get(self, target: Target) -> Object:
        return self._shown(target, self._stored(target))

    def select(self, target: Target, query: dict[str, str]) -> Predicate:
        """What `labelSelector` and `fieldSelector` (and a name in the path) choose."""
        labels = parse_labels(query.get("labelSelector", ""))
        supported = _FIELDS | _MORE_FIELDS.get(target.kind.type, frozenset())
        selector = query.get("fieldSelector", "")
        if target.kind.group == events.GROUP:
            selector = events.field_selector(selector)
        fields = parse_fields(selector, supported)
        name = target.name
        return lambda obj: (
            (not name or obj["metadata"]["name"] == name)
            and labels(obj["metadata"].get("labels") or {})
            and fields(obj)
        )

    def list(self, target: Target, query: dict[str, str]) -> Object:
        """A list object; with `limit`, a page of it and a `continue` token for the next."""
        chosen = self.select(target, query)
        found = [one for one in self.store.list(target.kind.type, target.namespace) if chosen(one)]
        metadata: Object = {"resourceVersion": str(self.store.revision)}
        if token := query.get("continue"):
            start, revision = _read_token(token)
            metadata["resourceVersion"] = revision
            found = [one for one in found if _key(one) > start]
        limit = _number(query, "limit")
        if limit and len(found) > limit:
            metadata["continue"] = _token(_key(found[limit - 1]), metadata["resourceVersion"])
            if not query.get("labelSelector") and not query.get("fieldSelector"):
                metadata["remainingItemCount"] = len(found) - limit
            found = found[:limit]
        kind = target.kind
        list_kind = f"{kind.kind}List"
        return {
            "kind": list_kind,
            "apiVersion": kind.api_version(target.version),
            "metadata": metadata,
            "items": [self._shown(target, one) for one in found],
        }

    def create(self, target: Target, obj: Object, *, dry_run: bool = False) -> Object:
        kind = target.kind
        obj = self._typed(target, obj)
        if kind.group == events.GROUP:
            obj = events.to_stored(obj)
        metadata = {**(obj.get("metadata") or {})}
        if metadata.get("resourceVersion"):
            message = "resourceVersion should not be set on objects to be created"
            raise StatusError(500, "", message)
        for field in (*_FROM_SERVER, "generation", "selfLink"):
            metadata.pop(field, None)
        if not metadata.get("name") and metadata.get("generateName"):
            suffix = "".join(secrets.choice(_ALPHABET) for _ in range(5))
            metadata["name"] = f"{metadata['generateName'][:58]}{suffix}"
        self._place(target, metadata)
        if not metadata.get("name"):
            message = "Required value: name or generateName is required"
            cause = ("metadata.name", "FieldValueRequired", message)
            raise invalid(kind.group, kind.kind, "", [cause])
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp()}
        obj = self._strategies.prepare_create(kind, {**obj, "metadata": metadata})
        if kind.custom:
            obj = crds.conform(kind, target.version, obj)
        if kind.kind == "CustomResourceDefinition":
            crds.check_definition(obj)
            obj = crds.established(obj, timestamp())
        # Where it is to go is checked before what it is, as on a real server.
        obj = self._admission.admit_create(kind, obj)
        validate(kind, obj)
        name = (metadata.get("namespace", ""), metadata["name"])
        if self.store.get(kind.type, name) is not None:
            raise already_exists(kind.group, kind.plural, metadata["name"])
        if dry_run:
            return self._shown(target, obj)
        stored = self.store.put(kind.type, name, obj)
        if kind.kind == "CustomResourceDefinition":
            self.registry.define(stored)
        return self._shown(target, stored)

    def update(self, target: Target, obj: Object, *, dry_run: bool = False) -> Object:
        """PUT: replaces an object, or its status where the target is the `status` subresource."""
        obj = self._typed(target, obj)
        metadata = {**(obj.get("metadata") or {})}
        if metadata.setdefault("name", target.name) != target.name:
            raise bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL "
                f"({target.name})"
            )
        self._place(target, metadata)
        kind = target.kind
        old = self._stored(target)
        conditional = kind.custom or kind.type in _ALWAYS_CONDITIONAL
        if conditional and not metadata.get("resourceVersion") and not target.subresource:
            cause = (
                "metadata.resourceVersion",
                "FieldValueInvalid",
                "Invalid value: 0x0: must be specified for an update",
            )
            raise invalid(kind.group, kind.kind, target.name, [cause])
        new = self._unshown(target, {**obj, "metadata": metadata}, old)
        return self._write(target, old, new, dry_run)

    def patch(
        self,
        target: Target,
        content_type: str,
        body: bytes,
        query: dict[str, str],
        *,
        dry_run: bool,
    ) -> tuple[Object, bool]:
        """PATCH; returns the object and whether it was created (by an apply patch)."""
        patch = parse_patch(content_type, body)
        if content_type == APPLY:
            return self._apply(target, patch, query, dry_run=dry_run)
        old = self._stored(target)
        shown = self._shown(target, old)
        new = apply_patch(content_type, shown, patch, custom=target.kind.custom)
        metadata = new.get("metadata")
        if not isinstance(metadata, dict) or metadata.get("name") != target.name:
            raise bad_request("the name of an object cannot be changed by a patch")
        return self._write(target, old, self._unshown(target, new, old), dry_run), False

    def _apply(
        self, target: Target, config: Object, query: dict[str, str], *, dry_run: bool
    ) -> tuple[Object, bool]:
        manager = query.get("fieldManager")
        if not manager:
            raise bad_request("fieldManager is required for apply patch")
        config = self._typed(target, config)
        metadata = {**(config.get("metadata") or {}), "name": target.name}
        self._place(target, metadata)
        config = {**config, "metadata": metadata}
        live = self.store.get(target.kind.type, target.key)
        force = query.get("force", "").lower() == "true"
        merged = server_side_apply(live, config, manager=manager, force=force, now=timestamp())
        if live is None:
            return self.create(target, merged, dry_run=dry_run), True
        return self._write(target, live, merged, dry_run), False

    def _write(self, target: Target, old: Object, new: Object, dry_run: bool) -> Object:
        kind = target.kind
        metadata = {**new["metadata"]}
        version = metadata.get("resourceVersion")
        if version and version != old["metadata"]["resourceVersion"]:
            raise modified(kind.group, kind.plural, target.name)
        if metadata.get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
            why = (
                f"Precondition failed: UID in precondition: {metadata['uid']}, "
                f"UID in object meta: {old['metadata']['uid']}"
            )
            raise conflict(kind.group, kind.plural, target.name, why)
        for field in (*_FROM_SERVER, "generation"):
            metadata.pop(field, None)
            if field in old["metadata"]:
                metadata[field] = old["metadata"][field]
        new = {**new, "metadata": metadata}
        if target.subresource == "status":
            # Of built-in kinds the labels, annotations and finalizers come along.
            kept = old["metadata"] if kind.custom else {**old["metadata"], **_may_change(metadata)}
            new = {**old, "metadata": kept, "status": new.get("status")}
        elif target.subresource == "finalize":
            new = {**old, "spec": new.get("spec", {})}
        else:
            new = self._strategies.prepare_update(kind, new, old)
        if kind.custom:
            new = crds.conform(kind, target.version, new)
        validate(kind, new)
        if _same(new, old):
            return self._shown(target, old)
        if dry_run:
            return self._shown(target, new)
        stored = self.store.put(kind.type, target.key, new)
        if kind.kind == "CustomResourceDefinition":
            self.registry.define(stored)
        return self._shown(target, self.deletion.finish(kind, target.key, stored))

    def delete(self, target: Target, options: DeleteOptions, *, dry_run: bool = False) -> Object:
        """DELETE; answers the object as it is now, or as it last was."""
        old = self._stored(target)
        if dry_run:
            return self._shown(target, old)
        return self._shown(target, self.deletion.delete(target.kind, target.key, old, options))

    def delete_collection(
        self, target: Target, query: dict[str, str], options: DeleteOptions
    ) -> Object:
        chosen = self.select(target, query)
        for obj in list(self.store.list(target.kind.type, target.namespace)):
            if chosen(obj):
                self.deletion.delete(target.kind, _key(obj), obj, options)
        return self.list(target, query)

    def replace_stored(self, target: Target, change: Callable[[Object], Object]) -> Object:
        """Write what `change` makes of an object, as some subresources do."""
        stored = self.store.put(target.kind.type, target.key, change(self._stored(target)))
        return self._shown(target, stored)

    def _gone(self, kind: ResourceType, obj: Object) -> None:
        if kind.kind == "CustomResourceDefinition":
            names = obj["spec"]["names"]
            self.registry.undefine(obj)
            self.store.remove_type((obj["spec"]["group"], names["plural"]))

    def _stored(self, target: Target) -> Object:
        found = self.store.get(target.kind.type, target.key)
        if found is None:
            raise not_found(target.kind.group, target.kind.plural, target.name)
        return found

    def _shown(self, target: Target, obj: Object) -> Object:
        kind = target.kind
        if target.subresource == "scale":
            return scale_of(kind, target.version, obj)
        if kind.group == events.GROUP:
            obj = events.to_shown(obj)
        return {**obj, "kind": kind.kind, "apiVersion": kind.api_version(target.version)}

    def shown(self, target: Target, obj: Object) -> Object:
        """`obj` in the version that was asked for."""
        return self._shown(target, obj)

    @staticmethod
    def _unshown(target: Target, shown: Object, old: Object) -> Object:
        """What is to be stored for an object in the form that clients see."""
        if target.subresource == "scale":
            return scaled(target.kind, target.version, old, shown)
        return events.to_stored(shown) if target.kind.group == events.GROUP else shown

    def _typed(self, target: Target, obj: Any) -> Object:
        if not isinstance(obj, dict):
            raise bad_request("the body of the request is not an object")
        kind = target.kind
        wanted = {"kind": kind.kind, "apiVersion": kind.api_version(target.version)}
        if target.subresource == "scale":
            wanted = {"kind": "Scale", "apiVersion": "autoscaling/v1"}
        for field, value in wanted.items():
            if obj.get(field, value) != value:
                raise bad_request(
                    f"the {field} in the data ({obj[field]}) does not match the expected "
                    f"{field} ({value})"
                )
        if not isinstance(obj.get("metadata") or {}, dict):
            raise bad_request("metadata is not an object")
        return {**obj, **wanted}

    def _place(self, target: Target, metadata: Object) -> None:
        if not target.kind.namespaced:
            metadata.pop("namespace", None)
            return
        if metadata.get("namespace") not in {None, "", target.namespace}:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the "
                "request"
            )
        metadata["namespace"] = target.namespace


def _key(obj: Object) -> Name:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _same(new: Object, old: Object) -> bool:
    """Writes that change nothing make no revision, as etcd's storage layer has it."""
    ignored = {"resourceVersion", "managedFields"}
    return {
        **new,
        "metadata": _without(new["metadata"], ignored),
        "kind": "",
        "apiVersion": "",
    } == {
        **old,
        "metadata": _without(old["metadata"], ignored),
        "kind": "",
        "apiVersion": "",
    }


def _may_change(metadata: Object) -> Object:
    return {
        field: metadata[field]
        for field in ("annotations", "finalizers", "labels")
        if field in metadata
    }


def _without(metadata: Object, names: set[str]) -> Object:
    return {key: value for key, value in metadata.items() if key not in names}


def _number(query: dict[str, str], name: str) -> int:
    text = query.get(name) or "0"
    if not text.isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def _token(last: Name, revision: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([last, revision]).encode()).decode()


def _read_token(token: str) -> tuple[Name, str]:
    try:
        (namespace, name), revision = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise expired("The provided continue parameter is not valid") from None
    return (namespace, name), revision
