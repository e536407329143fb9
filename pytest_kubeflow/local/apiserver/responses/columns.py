"""Columns of tables: what is worth seeing of each kind.

Which: kubernetes/pkg/printers/internalversion/printers.go; of custom kinds, their definition says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.responses import workloadcells
from pytest_kubeflow.local.apiserver.times import age

Cell = Callable[[Object], Any]
Column = tuple[str, int, Cell]  # name, priority (1: wide output only), what it shows


def columns_of(kind: ResourceType, version: str) -> list[Column]:
    """The columns of a kind, those of custom ones as their definition has them."""
    if kind.definition is not None:
        versions = kind.definition["spec"]["versions"]
        own = next(one for one in versions if one["name"] == version)
        printed = own.get("additionalPrinterColumns")
        if printed:
            return [_NAME, *(_custom_column(column) for column in printed)]
        return [_NAME, _AGE]
    if kind.type in _ALL_COLUMNS:
        return _ALL_COLUMNS[kind.type]
    return [_NAME, *_BUILT_IN.get(kind.type, []), _AGE]


def _custom_column(column: Object) -> Column:
    path, kind = column["jsonPath"], column.get("type")

    def cell(obj: Object) -> Any:
        value = json_path(obj, path)
        if kind == "date" and isinstance(value, str):
            return age(value)
        return "" if value is None else value

    return column["name"], column.get("priority", 0), cell


def json_path(obj: Any, path: str) -> Any:
    """The value at `.a.b[0].c[?(@.type=="Ready")].status`; None where there is nothing."""
    for part in re.findall(r"\.([\w-]+)|\[(\d+)\]|\[\?\(@\.(\w+)==[\"']([^\"']*)[\"']\)\]", path):
        field, index, key, wanted = part
        if field:
            obj = obj.get(field) if isinstance(obj, dict) else None
        elif index:
            obj = obj[int(index)] if isinstance(obj, list) and int(index) < len(obj) else None
        else:
            items = obj if isinstance(obj, list) else []
            obj = next((one for one in items if one.get(key) == wanted), None)
    return obj


def _age(obj: Object) -> str:
    stamp = obj["metadata"].get("creationTimestamp")
    return age(stamp) if stamp else "<unknown>"


def _statuses(pod: Object) -> list[Object]:
    found: list[Object] = (pod.get("status") or {}).get("containerStatuses") or []
    return found


def _pod_ready(pod: Object) -> str:
    ready = sum(bool(one.get("ready")) for one in _statuses(pod))
    return f"{ready}/{len(pod['spec'].get('containers') or [])}"


def _pod_status(pod: Object) -> str:
    if pod["metadata"].get("deletionTimestamp"):
        return "Terminating"
    status = pod.get("status") or {}
    reason = status.get("reason") or status.get("phase") or "Unknown"
    for one in status.get("initContainerStatuses") or []:
        state = one.get("state") or {}
        if "waiting" in state and state["waiting"].get("reason") not in {None, "PodInitializing"}:
            return f"Init:{state['waiting']['reason']}"
        if "terminated" in state and state["terminated"].get("exitCode"):
            return f"Init:{state['terminated'].get('reason') or 'Error'}"
    for one in reversed(_statuses(pod)):
        state = one.get("state") or {}
        for kind in ("waiting", "terminated"):
            if (state.get(kind) or {}).get("reason"):
                reason = state[kind]["reason"]
    return str(reason)


def _restarts(pod: Object) -> str:
    return str(sum(one.get("restartCount", 0) for one in _statuses(pod)))


def _node_status(node: Object) -> str:
    conditions = (node.get("status") or {}).get("conditions") or []
    ready = next((one for one in conditions if one["type"] == "Ready"), None)
    text = "Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    return f"{text},SchedulingDisabled" if (node.get("spec") or {}).get("unschedulable") else text


def _ports(service: Object) -> str:
    ports = service["spec"].get("ports") or []
    return ",".join(f"{one['port']}/{one.get('protocol', 'TCP')}" for one in ports) or "<none>"


def _at(path: str, default: str = "") -> Cell:
    def cell(obj: Object) -> Any:
        value = json_path(obj, path)
        return default if value in (None, "") else value

    return cell


def _modes(path: str) -> Cell:
    def cell(obj: Object) -> str:
        return ",".join(
            "".join(letter for letter in mode if letter.isupper())
            for mode in json_path(obj, path) or []
        )

    return cell


def _size(obj: Object) -> int:
    return len(obj.get("data") or {}) + len(obj.get("binaryData") or {})


def _claim_of(volume: Object) -> str:
    reference = volume["spec"].get("claimRef")
    return f"{reference['namespace']}/{reference['name']}" if reference else ""


def _last_seen(event: Object) -> str:
    series = event.get("series") or {}
    stamps = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    found = next((one for one in stamps if one), None)
    return age(found) if found else "<unknown>"


def _involved(event: Object) -> str:
    # Written with `regarding` where it was asked for as events.k8s.io/v1.
    one = event.get("involvedObject") or event.get("regarding") or {}
    return f"{one.get('kind', '').lower()}/{one.get('name', '')}"


def _role_of(binding: Object) -> str:
    return f"{binding['roleRef']['kind']}/{binding['roleRef']['name']}"


_NAME: Column = ("Name", 0, _at(".metadata.name"))
_AGE: Column = ("Age", 0, _age)
_CREATED: Column = ("Created At", 0, _at(".metadata.creationTimestamp"))
# Kinds whose tables do not begin with the name and end with the age.
_ALL_COLUMNS: dict[tuple[str, str], list[Column]] = {
    ("", "events"): [
        ("Last Seen", 0, _last_seen),
        ("Type", 0, _at(".type")),
        ("Reason", 0, _at(".reason")),
        ("Object", 0, _involved),
        ("Message", 0, lambda one: (one.get("message") or one.get("note") or "").strip()),
        ("Name", 1, _at(".metadata.name")),
    ],
    ("apiextensions.k8s.io", "customresourcedefinitions"): [_NAME, _CREATED],
    ("rbac.authorization.k8s.io", "clusterroles"): [_NAME, _CREATED],
    ("rbac.authorization.k8s.io", "roles"): [_NAME, _CREATED],
}
_BUILT_IN: dict[tuple[str, str], list[Column]] = {
    ("", "pods"): [
        ("Ready", 0, _pod_ready),
        ("Status", 0, _pod_status),
        ("Restarts", 0, _restarts),
        ("IP", 1, _at(".status.podIP", "<none>")),
        ("Node", 1, _at(".spec.nodeName", "<none>")),
    ],
    ("", "namespaces"): [("Status", 0, _at(".status.phase"))],
    ("", "nodes"): [
        ("Status", 0, _node_status),
        ("Roles", 0, lambda _: "<none>"),
        ("Version", 0, _at(".status.nodeInfo.kubeletVersion")),
    ],
    ("", "persistentvolumeclaims"): [
        ("Status", 0, _at(".status.phase")),
        ("Volume", 0, _at(".spec.volumeName")),
        ("Capacity", 0, _at(".status.capacity.storage")),
        ("Access Modes", 0, _modes(".status.accessModes")),
        ("StorageClass", 0, _at(".spec.storageClassName")),
    ],
    ("", "persistentvolumes"): [
        ("Capacity", 0, _at(".spec.capacity.storage")),
        ("Access Modes", 0, _modes(".spec.accessModes")),
        ("Reclaim Policy", 0, _at(".spec.persistentVolumeReclaimPolicy")),
        ("Status", 0, _at(".status.phase")),
        ("Claim", 0, _claim_of),
        ("StorageClass", 0, _at(".spec.storageClassName")),
    ],
    ("", "configmaps"): [("Data", 0, _size)],
    ("", "secrets"): [("Type", 0, _at(".type")), ("Data", 0, _size)],
    ("", "services"): [
        ("Type", 0, _at(".spec.type")),
        ("Cluster-IP", 0, _at(".spec.clusterIP", "<none>")),
        ("Port(s)", 0, _ports),
    ],
    ("", "serviceaccounts"): [("Secrets", 0, lambda one: len(one.get("secrets") or []))],
    ("rbac.authorization.k8s.io", "clusterrolebindings"): [("Role", 0, _role_of)],
    ("rbac.authorization.k8s.io", "rolebindings"): [("Role", 0, _role_of)],
    ("storage.k8s.io", "storageclasses"): [
        ("Provisioner", 0, _at(".provisioner")),
        ("ReclaimPolicy", 0, _at(".reclaimPolicy")),
        ("VolumeBindingMode", 0, _at(".volumeBindingMode")),
    ],
    ("apps", "deployments"): [
        ("Ready", 0, workloadcells.ready_replicas),
        ("Up-to-date", 0, _at(".status.updatedReplicas", "0")),
        ("Available", 0, _at(".status.availableReplicas", "0")),
    ],
    ("apps", "statefulsets"): [("Ready", 0, workloadcells.ready_replicas)],
    ("apps", "controllerrevisions"): [
        ("Controller", 0, workloadcells.revision_controller),
        ("Revision", 0, _at(".revision")),
    ],
    ("batch", "jobs"): [
        ("Status", 0, workloadcells.job_status),
        ("Completions", 0, workloadcells.job_completions),
        ("Duration", 0, workloadcells.job_duration),
    ],
    ("", "endpoints"): [("Endpoints", 0, workloadcells.addresses)],
}
