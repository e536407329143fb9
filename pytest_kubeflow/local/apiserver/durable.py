"""The store's objects in a database: read once, at the start, and written to it with each change.

They come back as they were, as from an etcd: with uid, resourceVersion and status, and later
changes have higher revisions. What a watch has missed is not kept: one that begins before the start
is told that its version is too old (410), as by a kube-apiserver that was started anew
(staging/src/k8s.io/apiserver/pkg/storage/cacher/watch_cache.go, getAllEventsSinceLocked).
"""

from __future__ import annotations

import ipaddress
import sqlite3
from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object, StatusError
from pytest_kubeflow.local.apiserver.resources import ResourceTypes
from pytest_kubeflow.local.apiserver.store import Event, Name, ResourceStore, Type
from pytest_kubeflow.local.database import Database
from pytest_kubeflow.local.fastjson import decode, encode

_OBJECT, _STATE = "object", "api server"
_REVISION, _SERVICES = "revision", "services"
_SERVICES_TYPE = ("", "services")
_DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def keep(
    store: ResourceStore, registry: ResourceTypes, database: Database, service_cidr: str
) -> None:
    """Fill the empty `store` with what `database` holds, and keep it there from now on.

    Cluster IPs of another network than `service_cidr`, which an earlier server had, become those of
    the same number in this one.
    """
    state = dict(database.rows(_STATE))
    now = ipaddress.ip_network(service_cidr)
    before = ipaddress.ip_network(state.get(_SERVICES, service_cidr))
    found = list(_read(database))
    if before != now:
        found = [(kind, name, _moved(kind, obj, before, now)) for kind, name, obj in found]
        for kind, name, obj in found:
            if kind == _SERVICES_TYPE:
                database.put(_OBJECT, _key(kind, name), _body(obj))
    versions = (int(obj["metadata"]["resourceVersion"]) for _, _, obj in found)
    store.fill(found, max([int(state.get(_REVISION, store.revision)), *versions]))
    for kind, _, obj in found:
        if kind == _DEFINITIONS:
            registry.define(obj)
    database.put(_STATE, _SERVICES, service_cidr)

    def write(event: Event) -> None:
        try:
            _write(event, database)
        except sqlite3.Error as error:
            why = f"it cannot be kept in the data directory: {error}"
            raise StatusError(500, "InternalError", f"Internal error occurred: {why}") from None

    store.keepers.append(write)


def _write(event: Event, database: Database) -> None:
    metadata = event.obj["metadata"]
    key = _key(event.type, (metadata.get("namespace", ""), metadata["name"]))
    if event.action == "DELETED":
        # The object tells the revision no more.
        database.put(_STATE, _REVISION, str(event.revision))
        database.remove(_OBJECT, key)
    else:
        database.put(_OBJECT, key, _body(event.obj))


def _key(kind: Type, name: Name) -> str:
    return "/".join((*kind, *name))


def _body(obj: Object) -> str:
    return encode(obj).decode()


def _read(database: Database) -> Iterator[tuple[Type, Name, Object]]:
    for key, body in database.rows(_OBJECT):
        group, plural, namespace, name = key.split("/")
        yield (group, plural), (namespace, name), decode(body)


def _moved(kind: Type, obj: Object, before: Network, now: Network) -> Object:
    """A Service with its cluster IP in another network; any other object as it is."""
    if kind != _SERVICES_TYPE:
        return obj
    spec = obj["spec"]
    ips = [_at(ip, before, now) for ip in spec.get("clusterIPs") or ()]
    return {**obj, "spec": {**spec, "clusterIP": ips[0], "clusterIPs": ips}} if ips else obj


def _at(ip: str, before: Network, now: Network) -> str:
    if ip == "None":
        return ip
    return str(now[int(ipaddress.ip_address(ip)) - int(before.network_address)])
