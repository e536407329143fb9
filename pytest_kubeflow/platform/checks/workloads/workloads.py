"""Workloads: those that can make no pods, are not ready, or serve what was there before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_kubeflow.platform.age import STARTING, is_young, longer_than
from pytest_kubeflow.platform.catalogue.workloads import (
    POD_SECURITY_REFUSED,
    ROLLOUT_STUCK,
    WORKLOAD_NOT_READY,
    WORKLOAD_WITHOUT_PODS,
)
from pytest_kubeflow.platform.checks.workloads.refusals import (
    refusal_of,
    refusing,
    replica_sets,
    way_out,
)
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Fault
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.node import is_on_virtual_node
from pytest_kubeflow.platform.place import is_profile, severity_at
from pytest_kubeflow.platform.snapshot import Kind, Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, flag, items, number, text
from pytest_kubeflow.platform.snapshot.kind import (
    DAEMON_SETS,
    DEPLOYMENTS,
    PODS,
    STATEFUL_SETS,
)
from pytest_kubeflow.platform.workloads import Owner, Warnings, Workloads
from pytest_kubeflow.platform.workloads.owner import pod_name

_POD_SECURITY = re.compile(r'violates PodSecurity "([^":]+)')
_KINDS = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS)


@dataclass(frozen=True, slots=True)
class _Workload:
    owner: Owner
    obj: Object
    wanted: int
    ready: int
    pods: Sequence[Object]
    refused: str
    """Why its pods cannot be made; "" if they can."""


def check_workloads(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether workloads have the pods that they want."""
    warnings = snapshot.once(Warnings)
    for one in _workloads(snapshot, warnings):
        if text(one.obj, "metadata", "deletionTimestamp"):
            continue
        short = one.ready < one.wanted
        if short and one.refused:
            yield from _refused(snapshot, one)
        elif is_profile(snapshot, one.owner.namespace) or is_young(snapshot, one.obj):
            continue
        elif short and not one.pods and snapshot.saw(PODS):
            yield from _without_pods(snapshot, one)
        elif short and _is_stuck(snapshot, one):
            yield from _not_ready(snapshot, one, warnings)
        if one.owner.kind == DEPLOYMENTS.name:
            yield from _rollout(snapshot, one)


def _workloads(snapshot: Snapshot, warnings: Warnings) -> Iterator[_Workload]:
    pods, sets = snapshot.once(Workloads).pods, replica_sets(snapshot)
    for kind in _KINDS:
        for obj in snapshot.all(kind):
            owner = Owner.of(kind, obj)
            yield _Workload(
                owner,
                obj,
                _wanted(kind, obj) - _on_virtual_nodes(snapshot, kind, pods.get(owner, ())),
                number(obj, "status", "numberReady" if kind is DAEMON_SETS else "readyReplicas")
                or 0,
                pods.get(owner, ()),
                refusal_of(kind, obj, warnings, sets),
            )


def _wanted(kind: Kind, obj: Object) -> int:
    if kind is DAEMON_SETS:
        return number(obj, "status", "desiredNumberScheduled") or 0
    wanted = number(obj, "spec", "replicas")
    return 1 if wanted is None else wanted


def _on_virtual_nodes(snapshot: Snapshot, kind: Kind, pods: Sequence[Object]) -> int:
    """Pods of a DaemonSet that are on no machine, and so never run what it is for."""
    return sum(
        kind is DAEMON_SETS
        and text(condition(pod, "Ready"), "status") != "True"
        and is_on_virtual_node(snapshot, pod)
        for pod in pods
    )


def _refused(snapshot: Snapshot, one: _Workload) -> Iterator[Finding]:
    owner, security = one.owner, _POD_SECURITY.search(one.refused)
    if security:
        # What breaks the baseline is refused by all but one level.
        level = "baseline" if security[1] == "restricted" else "privileged"
        yield from _finding(
            snapshot,
            one,
            POD_SECURITY_REFUSED,
            f"{owner} has {one.ready} of {one.wanted} pods: Pod Security "
            f"({security[1]}) of namespace {owner.namespace} refuses them",
            "# install Istio with its CNI plugin, give the pods the security context that the "
            "message asks for, or:\n"
            f"kubectl label namespace {owner.namespace} "
            f"pod-security.kubernetes.io/enforce={level} --overwrite",
        )
        return
    yield from _finding(
        snapshot,
        one,
        WORKLOAD_WITHOUT_PODS,
        f"{owner} has {one.ready} of {one.wanted} pods and can make no more: {one.refused}",
        way_out(owner.namespace, one.refused),
        others=refusing(snapshot, one.refused),
    )


def _without_pods(snapshot: Snapshot, one: _Workload) -> Iterator[Finding]:
    yield from _finding(
        snapshot,
        one,
        WORKLOAD_WITHOUT_PODS,
        f"{one.owner} wants {one.wanted} pods, and nobody makes one: is "
        "kube-controller-manager running?",
        f"kubectl -n {one.owner.namespace} describe {one.owner.target}\n"
        "kubectl -n kube-system get pods -l component=kube-controller-manager",
    )


def _is_stuck(snapshot: Snapshot, one: _Workload) -> bool:
    """Whether it has been short of pods for longer than a start takes."""
    available = condition(one.obj, "Available")
    if text(available, "status") == "False":
        return longer_than(STARTING, snapshot, available, "lastTransitionTime")
    return any(_is_unready_for_long(snapshot, pod) for pod in one.pods)


def _is_unready_for_long(snapshot: Snapshot, pod: Object) -> bool:
    since = _unready_since(pod)
    return since is not None and longer_than(STARTING, snapshot, since, "lastTransitionTime")


def _unready_since(pod: Object) -> Object | None:
    ended = text(pod, "status", "phase") in {"Succeeded", "Failed"}
    if ended or text(pod, "metadata", "deletionTimestamp"):
        return None
    ready = condition(pod, "Ready")
    return ready if text(ready, "status") == "False" else None


def _not_ready(snapshot: Snapshot, one: _Workload, warnings: Warnings) -> Iterator[Finding]:
    unready = [pod for pod in one.pods if _unready_since(pod) is not None]
    said = [
        line
        for pod in unready[:3]
        for line in warnings.about("Pod", one.owner.namespace, text(pod, "metadata", "name"))
    ]
    found = [text(condition(pod, "Ready"), "message") for pod in unready[:3]]
    first = text(unready[0], "metadata", "name") if unready else "POD"
    yield from _finding(
        snapshot,
        one,
        WORKLOAD_NOT_READY,
        f"{one.owner} has {one.ready} of {one.wanted} ready pods",
        f"kubectl -n {one.owner.namespace} describe pod {first}\n"
        f"kubectl -n {one.owner.namespace} logs {first} --all-containers --tail=50",
        tuple(dict.fromkeys(line for line in (*said, *found) if line))[:3],
        tuple(pod_name(pod) for pod in unready),
    )


def _rollout(snapshot: Snapshot, one: _Workload) -> Iterator[Finding]:
    if one.ready < one.wanted:  # the old version does not serve either
        return
    progressing = condition(one.obj, "Progressing")
    updated = number(one.obj, "status", "updatedReplicas") or 0
    unready = [pod for pod in one.pods if _is_unready_for_long(snapshot, pod)]
    if text(progressing, "reason") == "ProgressDeadlineExceeded" and (
        unready or updated < one.wanted
    ):
        why = "the new one has not come up before its deadline"
    elif flag(one.obj, "spec", "paused") and updated < one.wanted:
        why = "it is paused"
    elif _unobserved(snapshot, one.obj):
        why = "nobody has taken up its last change: is kube-controller-manager running?"
    elif unready:
        why = "a pod of the new one does not become ready"
    else:
        return
    resume = "resume" if flag(one.obj, "spec", "paused") else "status"
    yield from _finding(
        snapshot,
        one,
        ROLLOUT_STUCK,
        f"{one.owner} still runs its old version: {why}",
        f"kubectl -n {one.owner.namespace} rollout {resume} deployment/{one.owner.name}",
        tuple(filter(None, (text(progressing, "message"),))),
        tuple(pod_name(pod) for pod in unready),
    )


def _unobserved(snapshot: Snapshot, obj: Object) -> bool:
    wanted = number(obj, "metadata", "generation")
    seen = number(obj, "status", "observedGeneration")
    if wanted is None or (seen or 0) >= wanted:
        return False
    written = [
        one for one in items(obj, "metadata", "managedFields") if not text(one, "subresource")
    ]
    return all(longer_than(STARTING, snapshot, one, "time") for one in written)


def _finding(
    snapshot: Snapshot,
    one: _Workload,
    fault: Fault,
    sentence: str,
    fix: str,
    evidence: tuple[str, ...] = (),
    others: tuple[str, ...] = (),
) -> Iterator[Finding]:
    owner = one.owner
    severity = severity_at(fault, snapshot, owner.namespace, owner.name)
    if severity is not None:
        yield Finding(
            fault=fault,
            component=component_of(owner.namespace, owner.name),
            severity=severity,
            sentence=sentence,
            fix=fix,
            evidence=evidence or ((one.refused,) if one.refused else ()),
            objects=(str(owner), *others),
        )
