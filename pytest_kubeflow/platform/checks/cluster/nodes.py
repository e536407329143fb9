"""Nodes: whether they take pods, and whether their kubelets go with the API server."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pytest_kubeflow.platform.age import is_young
from pytest_kubeflow.platform.backends import has_ended, is_ending
from pytest_kubeflow.platform.catalogue.nodes import (
    KUBELET_VERSION_DIFFERS,
    NODE_CORDONED,
    NODE_NOT_READY,
    NODE_UNDER_PRESSURE,
)
from pytest_kubeflow.platform.fault import Fault, Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.node import is_virtual
from pytest_kubeflow.platform.place import PLATFORM
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, flag, name_of, text
from pytest_kubeflow.platform.snapshot.kind import NODES, PODS
from pytest_kubeflow.platform.workloads import Workloads
from pytest_kubeflow.platform.workloads.owner import pod_name

_MINOR = re.compile(r"v?(\d+)\.(\d+)")
_OLDEST = 3
_PRESSURES = {
    "MemoryPressure": "memory",
    "DiskPressure": "disk space",
    "PIDPressure": "process ids",
}


def check_nodes(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether all nodes can be used."""
    for node in snapshot.all(NODES):
        yield from _ready(snapshot, node)
        yield from _pressure(node)
        if flag(node, "spec", "unschedulable"):
            name = name_of(node)
            sentence = f"node {name} takes no new pods: it is cordoned"
            yield _finding(NODE_CORDONED, name, sentence, f"kubectl uncordon {name}")
    yield from _versions(snapshot)


def _ready(snapshot: Snapshot, node: Object) -> Iterator[Finding]:
    name, ready = name_of(node), condition(node, "Ready")
    if not ready or text(ready, "status") == "True":
        return
    if is_young(snapshot, node) or is_ending(node):
        return  # it joins, or is taken away
    message = " ".join(text(ready, "message").split())
    pods = [pod for pod in snapshot.all(PODS) if text(pod, "spec", "nodeName") == name]
    yield _finding(
        NODE_NOT_READY,
        name,
        f"node {name} is not ready: {message or text(ready, 'reason') or 'its kubelet is silent'}",
        f"kubectl describe node {name}\njournalctl -u kubelet --since -10min  # on {name}",
        (f"{text(ready, 'reason')}: {message}", f"{len(pods)} pods are on it"),
        tuple(pod_name(pod) for pod in pods),
        severity=_harm(snapshot, pods),
    )


def _harm(snapshot: Snapshot, pods: Sequence[Object]) -> Severity:
    """Without pods of the platform, but for those that each node has, it is one node fewer."""
    workloads = snapshot.once(Workloads)
    lost = (
        text(pod, "metadata", "namespace") in PLATFORM
        and workloads.owner_of(pod).kind != "DaemonSet"
        and not has_ended(pod)
        for pod in pods
    )
    others = any(text(condition(one, "Ready"), "status") == "True" for one in snapshot.all(NODES))
    if not snapshot.saw(PODS) or not others or any(lost):
        return NODE_NOT_READY.severity
    return Severity.DEGRADED


def _pressure(node: Object) -> Iterator[Finding]:
    under = [one for one in _PRESSURES if text(condition(node, one), "status") == "True"]
    if under:
        name, short = name_of(node), " and ".join(_PRESSURES[one] for one in under)
        yield _finding(
            NODE_UNDER_PRESSURE,
            name,
            f"node {name} runs out of {short}",
            f"kubectl describe node {name}",
            tuple(f"{one}: {text(condition(node, one), 'message')}" for one in under),
        )


def _versions(snapshot: Snapshot) -> Iterator[Finding]:
    server = _minor(snapshot.server_version)
    by_minor: Mapping[int, Sequence[str]] = _by_minor(snapshot)
    if server is None:
        return
    outside = False
    for minor, names in sorted(by_minor.items()):
        if server - _OLDEST <= minor <= server:
            continue
        outside = True
        than = "newer" if minor > server else f"more than {_OLDEST} minor releases older"
        yield _differs(
            names,
            f"the kubelets of {', '.join(names)} (1.{minor}) are {than} than the API server "
            f"({snapshot.server_version})",
            Severity.DEGRADED,
        )
    if not outside and len(by_minor) > 1:
        message = "; ".join(
            f"1.{minor}: {', '.join(by_minor[minor])}" for minor in sorted(by_minor)
        )
        names = [name for minor in sorted(by_minor)[:-1] for name in by_minor[minor]]
        yield _differs(
            names, f"kubelets are of different minor releases: {message}", Severity.NOTICE
        )


def _by_minor(snapshot: Snapshot) -> Mapping[int, Sequence[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for node in snapshot.all(NODES):
        if is_virtual(node):  # the version is that of its provider
            continue
        minor = _minor(text(node, "status", "nodeInfo", "kubeletVersion"))
        if minor is not None:
            found[minor].append(name_of(node))
    return found


def _minor(version: str) -> int | None:
    """The minor release of Kubernetes 1."""
    found = _MINOR.match(version)
    return int(found[2]) if found and found[1] == "1" else None


def _differs(names: Sequence[str], sentence: str, severity: Severity) -> Finding:
    return Finding(
        fault=KUBELET_VERSION_DIFFERS,
        component="nodes",
        severity=severity,
        sentence=sentence,
        fix="kubectl get nodes -o wide  # and upgrade those that are behind",
        objects=tuple(f"Node {name}" for name in names),
    )


def _finding(
    fault: Fault,
    name: str,
    sentence: str,
    fix: str,
    evidence: tuple[str, ...] = (),
    others: tuple[str, ...] = (),
    severity: Severity | None = None,
) -> Finding:
    return Finding(
        fault=fault,
        component="nodes",
        severity=severity or fault.severity,
        sentence=sentence,
        fix=fix,
        evidence=evidence,
        objects=(f"Node {name}", *others),
    )
