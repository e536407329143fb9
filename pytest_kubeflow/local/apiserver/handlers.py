"""Handlers: the verbs of the API on the objects in the store."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace

from pytest_kubeflow.local.apiserver import crds, events
from pytest_kubeflow.local.apiserver.admission.plugins import Admission
from pytest_kubeflow.local.apiserver.admission.quotas import check_quotas
from pytest_kubeflow.local.apiserver.deletion import DeleteOptions, Deletion
from pytest_kubeflow.local.apiserver.errors import (
    Object,
    StatusError,
    already_exists,
    bad_request,
    conflict,
    invalid,
    modified,
    not_found,
)
from pytest_kubeflow.local.apiserver.naming import named
from pytest_kubeflow.local.apiserver.pages import name_of, page
from pytest_kubeflow.local.apiserver.patches import (
    APPLY,
    apply_patch,
    invalid_patch,
    parse_patch,
)
from pytest_kubeflow.local.apiserver.patches.apply import server_side_apply
from pytest_kubeflow.local.apiserver.requests.writeoptions import INTERNAL, WriteOptions
from pytest_kubeflow.local.apiserver.resources import ResourceType, ResourceTypes
from pytest_kubeflow.local.apiserver.selectors.selection import selection
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.apiserver.strategies.strategies import Strategies
from pytest_kubeflow.local.apiserver.targets import Target
from pytest_kubeflow.local.apiserver.times import timestamp
from pytest_kubeflow.local.apiserver.validation import validate
from pytest_kubeflow.local.apiserver.validation.causes import bad

_FROM_SERVER = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")
# Kinds whose PUT must say which version it replaces (AllowUnconditionalUpdate is false).
_ALWAYS_CONDITIONAL = {
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("coordination.k8s.io", "leases"),
    ("policy", "poddisruptionbudgets"),
}


class Handlers:
    """One method per verb. Objects that come out carry `apiVersion` and `kind`."""

    def __init__(
        self, store: ResourceStore, registry: ResourceTypes, strategies: Strategies
    ) -> None:
        self.store = store
        self.registry = registry
        self._strategies = strategies
        self.admission = Admission(store)
        self.deletion = Deletion(store, self._gone)

    def get(self, target: Target) -> Object:
        return target.shown(self._stored(target), asked=target.subresource == "scale")

    def list(self, target: Target, query: dict[str, str]) -> Object:
        """A list object; with `limit`, a page of it and a `continue` token for the next."""
        chosen = selection(target, query)
        found = [one for one in self.store.list(target.kind.type, target.namespace) if chosen(one)]
        found, metadata = page(found, query, self.store.revision)
        items = [target.shown(one) for one in found]
        if not target.kind.custom:
            # Of built-in kinds the list alone says what they are.
            items = [
                {key: value for key, value in one.items() if key not in {"apiVersion", "kind"}}
                for one in items
            ]
        return {
            "kind": f"{target.kind.kind}List",
            "apiVersion": target.api_version,
            "metadata": metadata,
            "items": items,
        }

    def create(self, target: Target, obj: Object, options: WriteOptions = INTERNAL) -> Object:
        kind = target.kind
        obj = target.typed(obj, options)
        if kind.group == events.GROUP:
            obj = events.to_stored(obj)
        metadata = {**(obj.get("metadata") or {})}
        if metadata.get("resourceVersion"):
            message = "resourceVersion should not be set on objects to be created"
            raise StatusError(500, "", message)
        for field in (*_FROM_SERVER, "generation", "selfLink"):
            metadata.pop(field, None)
        metadata = target.placed(named(metadata))
        if not metadata.get("name"):
            message = "Required value: name or generateName is required"
            cause = ("metadata.name", "FieldValueRequired", message)
            raise invalid(kind.group, kind.kind, "", [cause])
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp()}
        obj = self._strategies.prepare_create(kind, {**obj, "metadata": metadata})
        if kind.custom:
            obj = crds.conform(kind, target.version, obj, options)
        if kind.kind == "CustomResourceDefinition":
            crds.check_definition(obj)
            obj = crds.established(obj, timestamp())
        # Where it is to go is checked before what it is, as on a real server.
        obj = self.admission.admit_create(kind, obj)
        validate(kind, obj)
        name = (metadata.get("namespace", ""), metadata["name"])
        if self.store.get(kind.type, name) is not None:
            raise already_exists(kind.group, kind.plural, metadata["name"])
        check_quotas(self.store, kind, obj)
        if options.dry_run:
            return target.shown(obj)
        stored = self.store.put(kind.type, name, obj)
        if kind.kind == "CustomResourceDefinition":
            self.registry.define(stored)
        return target.shown(stored)

    def proposal(self, target: Target, obj: Object, options: WriteOptions) -> Object:
        """What webhooks see of an object that is to be made, which may have no name yet.

        Raises StatusError if it cannot be there.
        """
        kind = target.kind
        obj = target.typed(obj, options)
        metadata = target.placed({**(obj.get("metadata") or {})})
        for field in (*_FROM_SERVER, "generation", "selfLink"):
            metadata.pop(field, None)
        obj = self._strategies.defaulted(kind, {**obj, "metadata": metadata})
        if "status" in kind.subresources:
            obj = {key: value for key, value in obj.items() if key != "status"}
        if kind.custom:
            obj = crds.shape(kind, target.version, obj, [])
        return target.shown(self.admission.change(kind, obj))

    def check(self, target: Target, obj: Object, options: WriteOptions) -> None:
        """Raises StatusError 422 for a new custom object that does not fit its schema."""
        if target.kind.custom:
            crds.conform(target.kind, target.version, obj, options)

    def applied(self, target: Target, body: bytes, options: WriteOptions) -> Object:
        """What an apply patch would make, where nothing is there yet."""
        merged = self._merged(target, parse_patch(APPLY, body), options)
        return self.proposal(target, merged, options)

    def update(self, target: Target, obj: Object, options: WriteOptions) -> Object:
        """PUT: replaces an object, or its status where the target is the `status` subresource."""
        obj = target.typed(obj, options)
        metadata = {**(obj.get("metadata") or {})}
        if not metadata.get("name"):
            raise bad_request(
                f"the name of the object ({target.name} based on URL) was undeterminable: name "
                "must be provided"
            )
        if metadata["name"] != target.name:
            raise bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL "
                f"({target.name})"
            )
        metadata = target.placed(metadata)
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
        new = target.stored({**obj, "metadata": metadata}, old)
        return self._write(target, old, new, options)

    def patch(
        self,
        target: Target,
        content_type: str,
        body: bytes,
        options: WriteOptions,
    ) -> tuple[Object, bool]:
        """PATCH; returns the object and whether it was created (by an apply patch)."""
        patch = parse_patch(content_type, body)
        if content_type == APPLY:
            return self._apply(target, patch, options)
        old = self._stored(target)
        shown = target.shown(old)
        new = apply_patch(content_type, shown, patch, custom=target.kind.custom)
        try:
            new = target.read(new, options)
        except StatusError as error:
            raise invalid_patch(error.message) from None
        metadata = new.get("metadata")
        if not isinstance(metadata, dict) or metadata.get("name") != target.name:
            found = metadata.get("name") if isinstance(metadata, dict) else ""
            raise bad_request(
                f"the name of the object ({found}) does not match the name on the URL "
                f"({target.name})"
            )
        target.placed(metadata)
        if metadata.get("uid", shown["metadata"]["uid"]) != shown["metadata"]["uid"]:
            cause = bad("metadata.uid", metadata["uid"], "field is immutable")
            raise invalid(target.kind.group, target.kind.kind, target.name, [cause])
        for field in ("apiVersion", "kind"):
            if new.get(field) != shown[field]:
                raise invalid_patch(f"{field} {new.get(field)} is not {shown[field]}")
        return self._write(target, old, target.stored(new, old), options), False

    def _apply(self, target: Target, config: Object, options: WriteOptions) -> tuple[Object, bool]:
        merged = self._merged(target, config, options)
        live = self.store.get(target.kind.type, target.key)
        if live is None:
            return self.create(target, merged, options), True
        return self._write(target, live, merged, options), False

    def _merged(self, target: Target, config: Object, options: WriteOptions) -> Object:
        for field in ("apiVersion", "kind"):
            if not config.get(field):
                raise bad_request("invalid object type: /, Kind=")
        config = target.typed(config, replace(options, validation="Strict"))
        if "managedFields" in (config.get("metadata") or {}):
            raise bad_request("metadata.managedFields must be nil")
        if (name := (config.get("metadata") or {}).get("name", target.name)) != target.name:
            raise bad_request(
                f"the name of the object ({name}) does not match the name on the URL "
                f"({target.name})"
            )
        metadata = {**(config.get("metadata") or {}), "name": target.name}
        metadata = target.placed(metadata)
        config = {**config, "metadata": metadata}
        live = self.store.get(target.kind.type, target.key)
        return server_side_apply(
            live, config, manager=options.manager, force=options.force, now=timestamp()
        )

    def _write(self, target: Target, old: Object, new: Object, options: WriteOptions) -> Object:
        kind = target.kind
        metadata = {**new["metadata"]}
        _check_replaced(target, metadata, old["metadata"])
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
            new = self._strategies.prepare_update(kind, new, old, part=target.subresource)
        if kind.custom:
            new = crds.conform(kind, target.version, new, options, old)
        if not target.subresource:
            validate(kind, new, old)
        if _same(new, old):
            return target.shown(old)
        if options.dry_run:
            return target.shown(new)
        stored = self.store.put(kind.type, target.key, new)
        if kind.kind == "CustomResourceDefinition":
            self.registry.define(stored)
        return target.shown(self.deletion.finish(kind, target.key, stored))

    def delete(self, target: Target, options: DeleteOptions) -> Object:
        """DELETE; answers the object as it is now, or as it last was."""
        old = self._stored(target)
        return target.shown(self.deletion.delete(target.kind, target.key, old, options))

    def delete_collection(
        self, target: Target, query: dict[str, str], options: DeleteOptions
    ) -> Object:
        chosen = selection(target, query)
        for obj in list(self.store.list(target.kind.type, target.namespace)):
            if chosen(obj):
                self.deletion.delete(target.kind, name_of(obj), obj, options)
        return self.list(target, query)

    def replace_stored(self, target: Target, change: Callable[[Object], Object]) -> Object:
        """Write what `change` makes of an object, as some subresources do."""
        stored = self.store.put(target.kind.type, target.key, change(self._stored(target)))
        return target.shown(stored)

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


def _check_replaced(target: Target, new: Object, old: Object) -> None:
    """Raise StatusError where the object is not the one, or not as, its writer believes."""
    kind, version = target.kind, new.get("resourceVersion")
    if version and not version.isdigit():
        raise StatusError(500, "", f'strconv.ParseUint: parsing "{version}": invalid syntax')
    if version and version != old["resourceVersion"]:
        raise modified(kind.group, kind.plural, target.name)
    if new.get("uid", old["uid"]) != old["uid"]:
        why = (
            f"Precondition failed: UID in precondition: {new['uid']}, "
            f"UID in object meta: {old['uid']}"
        )
        raise conflict(kind.group, kind.plural, target.name, why)


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
