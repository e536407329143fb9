"""Restore: an API server that begins with objects of before, as one does that has its etcd again.

They come as they were: with their status, and with their uid, which others of them refer to.
"""

from __future__ import annotations

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.handlers import Handlers
from pytest_kubeflow.local.apiserver.resources import ResourceTypes
from pytest_kubeflow.local.apiserver.store import Name, Type
from pytest_kubeflow.local.apiserver.targets import Target

_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "generation")
_IDENTITY = ("uid", "creationTimestamp")
# What people change of these is theirs, and nothing of this start stands in them.
_LEFT_ALONE = {("", "namespaces"), ("", "serviceaccounts"), ("kubeflow.org", "profiles")}
_PODS, _SLICES = ("", "pods"), ("discovery.k8s.io", "endpointslices")
_REPLICA_SETS = ("apps", "replicasets")
_WORKLOADS = {("apps", "deployments"), _REPLICA_SETS}
_SERVICE_LABEL = "kubernetes.io/service-name"


class Restoration:
    """Objects that the store is to have, whatever it has of an earlier server.

    One that is there already is replaced, as by manifests that are applied again, and keeps its
    uid, its age and its cluster IP; namespaces, accounts and profiles stay as they are. What
    controllers had made of those that were replaced goes with `finish`.
    """

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._put: set[tuple[Type, Name]] = set()
        self._uids: dict[str, str] = {}  # those of before, by what new objects call them
        self._replaced: set[str] = set()  # of workloads

    def put(self, obj: Object) -> None:
        """Store `obj`, a definition before what it defines, an owner before what it owns.

        Raises StatusError for one that the server would not take, ValueError for an unknown kind.
        """
        store, target = self._handlers.store, _target(self._handlers.registry, obj)
        kind, given = target.kind.type, obj["metadata"]
        name = (given.get("namespace", ""), given["name"])
        self._put.add((kind, name))
        there = store.get(kind, name)
        if there is not None:
            identity = there["metadata"]
            if "uid" in given:
                self._uids[given["uid"]] = identity["uid"]
            if kind in _LEFT_ALONE and "deletionTimestamp" not in identity:
                return
            if kind in _WORKLOADS:
                self._replaced.add(identity["uid"])
            if kind == ("", "services") and (ip := there["spec"].get("clusterIP")):
                obj = {**obj, "spec": {"clusterIP": ip, **obj["spec"]}}
            store.take(kind, name)
            given = given | {field: identity[field] for field in _IDENTITY}
        kept = {field: given[field] for field in _KEPT if field in given}
        made = self._handlers.create(target, self._with_owners(obj))
        if kept or ("status" in obj and made.get("status") != obj["status"]):
            metadata = {**made["metadata"], **kept}
            status = {"status": obj["status"]} if "status" in obj else {}
            store.put(kind, name, {**made, "metadata": metadata, **status})

    def store(self, obj: Object) -> None:
        """Store a complete `obj` as it is, but for uid and age of the one of its name."""
        store, kind = self._handlers.store, _target(self._handlers.registry, obj).kind.type
        metadata = obj["metadata"]
        name = (metadata.get("namespace", ""), metadata["name"])
        if (there := store.get(kind, name)) is not None:
            metadata = metadata | {field: there["metadata"][field] for field in _IDENTITY}
        store.put(kind, name, {**obj, "metadata": metadata})

    def _with_owners(self, obj: Object) -> Object:
        references = obj["metadata"].get("ownerReferences")
        if not references:
            return obj
        named = [{**one, "uid": self._uids.get(one["uid"], one["uid"])} for one in references]
        return {**obj, "metadata": {**obj["metadata"], "ownerReferences": named}}

    def finish(self) -> None:
        """Remove what was of replaced objects: their pods, and where their Services led to."""
        store = self._handlers.store
        for kind in (_REPLICA_SETS, _PODS):
            for obj in list(store.list(kind)):
                metadata = obj["metadata"]
                owners = {one["uid"] for one in metadata.get("ownerReferences") or ()}
                name = (metadata["namespace"], metadata["name"])
                if owners & self._replaced and (kind, name) not in self._put:
                    self._replaced.add(metadata["uid"])
                    store.remove(kind, name)
        for obj in list(store.list(_SLICES)):
            metadata = obj["metadata"]
            service = (metadata.get("labels") or {}).get(_SERVICE_LABEL, "")
            name = (metadata["namespace"], metadata["name"])
            ours = (("", "services"), (metadata["namespace"], service)) in self._put
            if ours and (_SLICES, name) not in self._put:
                store.remove(_SLICES, name)


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
