"""Pods: those without a node, without a container, without an end."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.platform.age import ENDING, is_young, longer_than
from pytest_kubeflow.platform.catalogue.pods import (
    CONTAINER_CONFIG_REFUSED,
    CONTAINER_NOT_CREATED,
    POD_EVICTED,
    POD_NETWORK_REFUSED,
    POD_NOT_ENDING,
    POD_UNSCHEDULABLE,
)
from pytest_kubeflow.platform.catalogue.storage import VOLUME_ON_ANOTHER_NODE
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Fault
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import severity_at
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, number, text, texts
from pytest_kubeflow.platform.workloads import Owner, Warnings, Workloads, containers_of
from pytest_kubeflow.platform.workloads.container import claims_of
from pytest_kubeflow.platform.workloads.owner import pod_name

_MISSING = re.compile(r'(?i)\b(secret|configmap) "([^"]+)" not found')
_KEY = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)")
_NOT_MADE = frozenset({"CreateContainerError", "RunContainerError", "PostStartHookError"})
_ELSEWHERE = re.compile(
    r"volume node affinity conflict|didn't match PersistentVolume's node affinity"
    r"|Multi-Attach error for volume"
)


@dataclass(frozen=True, slots=True)
class _Trouble:
    fault: Fault
    sentence: str
    fix: str
    evidence: str
    others: tuple[str, ...] = ()
    """What else it is about."""


def check_pods(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether pods get a node and their containers, and end: a finding for each workload."""
    warnings = snapshot.once(Warnings)
    for owner, pods in snapshot.once(Workloads).pods.items():
        found: dict[str, tuple[_Trouble, Object]] = {}
        for pod in pods:
            trouble = _trouble(snapshot, warnings, owner, pod)
            if trouble is not None:
                found.setdefault(trouble.fault.code, (trouble, pod))
        for trouble, pod in found.values():
            severity = severity_at(trouble.fault, snapshot, owner.namespace, owner.name)
            if severity is not None:
                yield Finding(
                    fault=trouble.fault,
                    component=component_of(owner.namespace, owner.name),
                    severity=severity,
                    sentence=trouble.sentence,
                    fix=trouble.fix,
                    evidence=(trouble.evidence,) if trouble.evidence else (),
                    objects=(str(owner), pod_name(pod), *trouble.others),
                )


def _trouble(snapshot: Snapshot, warnings: Warnings, owner: Owner, pod: Object) -> _Trouble | None:
    if text(pod, "metadata", "deletionTimestamp"):
        return _ending(snapshot, pod)
    if text(pod, "status", "reason") == "Evicted":
        return _evicted(pod)
    if text(pod, "status", "phase") in {"Succeeded", "Failed"} or is_young(snapshot, pod):
        return None
    scheduled = condition(pod, "PodScheduled")
    if text(scheduled, "status") == "False":
        if _may_wait(pod, scheduled):
            return None
        return _unscheduled(owner, pod, text(scheduled, "message"))
    return _container(owner, pod) or _creating(warnings, owner, pod)


def _may_wait(pod: Object, scheduled: Object) -> bool:
    """Whether a pod is meant to wait: a queue holds it back, or it keeps room for others."""
    return (
        text(scheduled, "reason") == "SchedulingGated" or (number(pod, "spec", "priority") or 0) < 0
    )


def _ending(snapshot: Snapshot, pod: Object) -> _Trouble | None:
    if not longer_than(ENDING, snapshot, pod, "metadata", "deletionTimestamp"):
        return None
    namespace, name = text(pod, "metadata", "namespace"), text(pod, "metadata", "name")
    finalizers, node = texts(pod, "metadata", "finalizers"), text(pod, "spec", "nodeName")
    since = text(pod, "metadata", "deletionTimestamp")
    fix = (
        f"# once {node or 'its node'} is known to be off: the pod may still run and write there\n"
        f"kubectl -n {namespace} delete pod {name} --force --grace-period=0"
    )
    if finalizers:
        fix = (
            "# bring back who takes these finalizers away; else, leaving its work undone:\n"
            f"kubectl -n {namespace} patch pod {name} --type=merge "
            '-p \'{"metadata":{"finalizers":null}}\''
        )
    why = f"waits for {', '.join(finalizers)}" if finalizers else f"is still on node {node}"
    return _Trouble(
        POD_NOT_ENDING,
        f"pod {namespace}/{name} should have ended at {since} and {why}",
        fix,
        "",
        (f"Node {node}",) if node else (),
    )


def _evicted(pod: Object) -> _Trouble:
    namespace, name = text(pod, "metadata", "namespace"), text(pod, "metadata", "name")
    return _Trouble(
        POD_EVICTED,
        f"pod {namespace}/{name} was evicted from node {text(pod, 'spec', 'nodeName')}",
        f"kubectl -n {namespace} delete pods --field-selector status.phase=Failed",
        text(pod, "status", "message"),
    )


def _unscheduled(owner: Owner, pod: Object, message: str) -> _Trouble:
    claims = tuple(f"PersistentVolumeClaim {owner.namespace}/{claim}" for claim in claims_of(pod))
    if _ELSEWHERE.search(message):
        return _elsewhere(owner, message, claims)
    return _Trouble(
        POD_UNSCHEDULABLE,
        f"{owner} has a pod that no node can take: {_short(message) or 'the scheduler is silent'}",
        f"kubectl -n {owner.namespace} describe pod {text(pod, 'metadata', 'name')}\n"
        "kubectl describe nodes | grep -A 8 'Allocated resources'",
        message,
        claims,
    )


def _elsewhere(owner: Owner, message: str, claims: tuple[str, ...]) -> _Trouble:
    named = ", ".join(one.partition(" ")[2] for one in claims)
    return _Trouble(
        VOLUME_ON_ANOTHER_NODE,
        f"{owner} cannot start: its volume ({named or 'unnamed'}) is held by another node",
        f"kubectl -n {owner.namespace} get pods -o wide  # who uses the claim, and where\n"
        "kubectl get volumeattachments\n"
        "kubectl uncordon NODE  # the one that has the volume; or move the data to a class with "
        "ReadWriteMany",
        message,
        claims,
    )


def _container(owner: Owner, pod: Object) -> _Trouble | None:
    for one in containers_of(pod):
        if one.waiting == "CreateContainerConfigError":
            return _config(owner, f"container {one.name}", one.message)
        if one.waiting in _NOT_MADE:
            return _Trouble(
                CONTAINER_NOT_CREATED,
                f"{owner}: container {one.name} cannot be started: {_short(one.message)}",
                f"kubectl -n {owner.namespace} describe pod {text(pod, 'metadata', 'name')}",
                one.message,
            )
    return None


def _creating(warnings: Warnings, owner: Owner, pod: Object) -> _Trouble | None:
    """What the events of a pod tell whose containers were never made."""
    waiting = {one.waiting for one in containers_of(pod)}
    if text(pod, "status", "phase") != "Pending" or not waiting & {
        "ContainerCreating",
        "PodInitializing",
    }:
        return None
    name = text(pod, "metadata", "name")
    claims = tuple(f"PersistentVolumeClaim {owner.namespace}/{claim}" for claim in claims_of(pod))
    for said in warnings.about("Pod", owner.namespace, name, "FailedAttachVolume", "FailedMount"):
        if _ELSEWHERE.search(said):
            return _elsewhere(owner, said, claims)
        if _MISSING.search(said) or _KEY.search(said):
            return _config(owner, "a volume", said)
    for said in warnings.about("Pod", owner.namespace, name, "FailedCreatePodSandBox"):
        node = text(pod, "spec", "nodeName")
        return _Trouble(
            POD_NETWORK_REFUSED,
            f"{owner} has a pod that node {node} cannot connect to the network",
            f"kubectl get pods -A -o wide --field-selector spec.nodeName={node} | grep -i cni",
            said,
        )
    return None


def _config(owner: Owner, what: str, message: str) -> _Trouble:
    missing, key = _MISSING.search(message), _KEY.search(message)
    if missing:
        kind, name = missing.groups()
        lacks, fix = f"{kind.lower()} {name}", f"get {kind.lower()} {shlex.quote(name)}"
    elif key:
        wanted, kind, name = key.groups()
        lacks = f"the key {wanted} of {kind.lower()} {name.rpartition('/')[2]}"
        fix = f"describe {kind.lower()} {shlex.quote(name.rpartition('/')[2])}"
    else:
        lacks, fix = _short(message), "get secrets,configmaps"
    return _Trouble(
        CONTAINER_CONFIG_REFUSED,
        f"{owner} lacks {lacks}, which {what} refers to",
        f"kubectl -n {owner.namespace} {fix}  # apply the manifests of the component that makes it",
        message,
    )


def _short(message: str) -> str:
    """The first sentence of what is said."""
    found = " ".join(message.split()).partition(". ")[0].rstrip(".")
    return found if len(found) <= 200 else f"{found[:197]}..."
