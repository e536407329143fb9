"""What the API server does to objects of some kinds as they are written: defaults and rules.

Defaults: kubernetes/pkg/apis/core/v1/defaults.go; rules of update: pkg/registry/core.
"""

from __future__ import annotations

import base64
import ipaddress
import itertools
from collections.abc import Callable, Iterator

from pytest_kubeflow.local.apiserver.admission import limitranges
from pytest_kubeflow.local.apiserver.builtin import new_status
from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.store import ResourceStore
from pytest_kubeflow.local.apiserver.strategies import jobs, podstrategy, workloads
from pytest_kubeflow.local.apiserver.validation.causes import shown

_WITH_GENERATION = {"apps", "batch", "networking.k8s.io", "policy", "apiextensions.k8s.io"}


class Strategies:
    """Prepares objects for the store. `service_cidr` is where cluster IPs come from."""

    def __init__(self, store: ResourceStore, service_cidr: str) -> None:
        self._store = store
        self._network = ipaddress.ip_network(service_cidr)
        hosts = self._network.hosts()
        self.kubernetes_ip = str(next(hosts))
        self._addresses: Iterator[str] = itertools.cycle([str(host) for host in hosts])

    def prepare_create(self, kind: ResourceType, obj: Object) -> Object:
        """A copy of a new object with its defaults; status comes from nobody but the cluster."""
        if "status" in kind.subresources and kind.type != ("", "nodes"):
            obj = {key: value for key, value in obj.items() if key != "status"}
        if self._has_generation(kind):
            obj = {**obj, "metadata": {**obj["metadata"], "generation": 1}}
        obj = self.defaulted(kind, obj)
        if "status" in kind.subresources and (
            status := new_status(kind.api_version(kind.versions[0]), kind.kind)
        ):
            obj = {**obj, "status": {**status, **(obj.get("status") or {})}}
        if kind.type == ("batch", "jobs"):
            obj = jobs.selecting(obj)
        if kind.type == ("", "services"):
            obj = self._cluster_ip(obj)
        return obj

    @staticmethod
    def defaulted(kind: ResourceType, obj: Object) -> Object:
        """A copy of an object with the defaults of its kind."""
        prepare = _DEFAULTS.get(kind.type)
        return obj if prepare is None else prepare(obj)

    def prepare_update(
        self, kind: ResourceType, new: Object, old: Object, *, part: str = ""
    ) -> Object:
        """A copy of a changed object with what updates may not change taken from the old one.

        `part` is the subresource that is written, if it is one.
        """
        if part == "ephemeralcontainers":
            return podstrategy.add_ephemeral(kind, new, old)
        if kind.type in _READ_AGAIN:
            new = _DEFAULTS[kind.type](new)
        if "status" in kind.subresources:
            new = {key: value for key, value in new.items() if key != "status"}
            if "status" in old:
                new["status"] = old["status"]
        if kind.type == ("", "secrets"):
            new = _secret(new)
        check = _UPDATES.get(kind.type)
        if check is not None:
            check(kind, new, old)
        if kind.type == ("", "services"):
            spec = {**{k: old["spec"][k] for k in _IPS if k in old["spec"]}, **new["spec"]}
            new = {**new, "spec": spec}
        if kind.type == ("", "namespaces"):
            new = {**new, "spec": old.get("spec", {})}
        if self._has_generation(kind):
            generation = old["metadata"].get("generation", 1)
            if _content(new) != _content(old):
                generation += 1
            new = {**new, "metadata": {**new["metadata"], "generation": generation}}
        return new

    @staticmethod
    def _has_generation(kind: ResourceType) -> bool:
        if kind.type == ("apps", "controllerrevisions"):
            return False
        return kind.custom or kind.group in _WITH_GENERATION or kind.type == ("", "pods")

    def _cluster_ip(self, obj: Object) -> Object:
        spec = {"type": "ClusterIP", "sessionAffinity": "None", **(obj.get("spec") or {})}
        ports = [
            {"protocol": "TCP", "targetPort": port.get("port"), **port}
            for port in spec.pop("ports", None) or []
        ]
        spec |= {"ports": ports} if ports else {}
        if spec["type"] != "ExternalName" and not spec.get("clusterIP"):
            spec["clusterIP"] = self._free_address()
        elif spec.get("clusterIP", "None") != "None":
            self._check_address(obj["metadata"].get("name", ""), spec["clusterIP"])
        if spec.get("clusterIP"):
            spec["clusterIPs"] = [spec["clusterIP"]]
            spec.setdefault("ipFamilies", ["IPv4"])
            spec.setdefault("ipFamilyPolicy", "SingleStack")
            spec.setdefault("internalTrafficPolicy", "Cluster")
        return {**obj, "spec": spec, "status": {"loadBalancer": {}}}

    def _check_address(self, name: str, address: str) -> None:
        """Raise StatusError 422 for a cluster IP that cannot be had."""
        why = ""
        try:
            if ipaddress.ip_address(address) not in self._network:
                why = "the provided network does not match the current range"
        except ValueError:
            return  # validation says it
        used = (one["spec"].get("clusterIP") for one in self._store.list(("", "services")))
        why = why or ("provided IP is already allocated" if address in used else "")
        if why:
            message = f"failed to allocate IP {address}: {why}"
            cause = shown("spec.clusterIPs", [address], message)
            raise invalid("", "Service", name, [cause])

    def _free_address(self) -> str:
        used = {one["spec"].get("clusterIP") for one in self._store.list(("", "services"))}
        return next(address for address in self._addresses if address not in used)


_IPS = ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")


def _content(obj: Object) -> Object:
    return {key: value for key, value in obj.items() if key not in {"metadata", "status"}}


def _namespace(obj: Object) -> Object:
    metadata = obj["metadata"]
    labels = {"kubernetes.io/metadata.name": metadata["name"], **(metadata.get("labels") or {})}
    return {
        **obj,
        "metadata": {**metadata, "labels": labels},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }


def _secret(obj: Object) -> Object:
    text = obj.get("stringData")
    obj = {key: value for key, value in obj.items() if key != "stringData"}
    if text:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
        obj["data"] = {**(obj.get("data") or {}), **encoded}
    return {"type": "Opaque", **obj}


def _claim(obj: Object) -> Object:
    spec = {"volumeMode": "Filesystem", **(obj.get("spec") or {})}
    return {**obj, "spec": spec, "status": {"phase": "Pending"}}


def _volume(obj: Object) -> Object:
    spec = {
        "volumeMode": "Filesystem",
        "persistentVolumeReclaimPolicy": "Retain",
        **(obj.get("spec") or {}),
    }
    return {**obj, "spec": spec, "status": {"phase": "Available"}}


def _storage_class(obj: Object) -> Object:
    return {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate", **obj}


def _stateful_set(obj: Object) -> Object:
    made = workloads.stateful_set(obj)
    return made if "status" in obj else {**made, "status": {"replicas": 0, "availableReplicas": 0}}


def _job(obj: Object) -> Object:
    return {"status": {}, **jobs.defaulted(obj)}


_UPDATES: dict[tuple[str, str], Callable[[ResourceType, Object, Object], None]] = {
    ("", "pods"): podstrategy.check_update,
    ("apps", "statefulsets"): workloads.check_set_update,
    ("batch", "jobs"): jobs.check_update,
}
_READ_AGAIN = {
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
}
_DEFAULTS: dict[tuple[str, str], Callable[[Object], Object]] = {
    ("", "limitranges"): limitranges.defaulted,
    ("", "namespaces"): _namespace,
    ("", "secrets"): _secret,
    ("", "persistentvolumeclaims"): _claim,
    ("", "persistentvolumes"): _volume,
    ("", "pods"): podstrategy.defaulted,
    ("apps", "daemonsets"): workloads.daemon_set,
    ("apps", "deployments"): workloads.deployment,
    ("apps", "replicasets"): workloads.replica_set,
    ("apps", "statefulsets"): _stateful_set,
    ("batch", "cronjobs"): jobs.cron_job,
    ("batch", "jobs"): _job,
    ("storage.k8s.io", "storageclasses"): _storage_class,
}
