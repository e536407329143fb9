"""Refusals: why the pods of a workload cannot be made, and what is to be looked at then."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from pytest_kubeflow.platform.checks.webhooks.calls import webhook_in
from pytest_kubeflow.platform.snapshot import Kind, Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, items, number, text
from pytest_kubeflow.platform.snapshot.kind import DEPLOYMENTS, REPLICA_SETS
from pytest_kubeflow.platform.webhook import webhooks_of
from pytest_kubeflow.platform.workloads import Owner, Warnings

_ACCOUNT = re.compile(r'service ?account "([^"]+)" not found')


def refusal_of(
    kind: Kind, obj: Object, warnings: Warnings, sets: Mapping[Owner, Sequence[Object]]
) -> str:
    """Why its pods cannot be made, as its status, ReplicaSets or events say; "" if they can."""
    owner = Owner.of(kind, obj)
    for one in (obj, *sets.get(owner, ())):
        failure = condition(one, "ReplicaFailure")
        if text(failure, "status") == "True" and text(failure, "message"):
            return " ".join(text(failure, "message").split())
    if kind is DEPLOYMENTS:
        return ""
    said = warnings.about(kind.name, owner.namespace, owner.name, "FailedCreate")
    return said[0] if said else ""


def replica_sets(snapshot: Snapshot) -> Mapping[Owner, Sequence[Object]]:
    """Those that make pods, by their Deployments."""
    found: dict[Owner, tuple[Object, ...]] = {}
    for obj in snapshot.all(REPLICA_SETS):
        if number(obj, "spec", "replicas") == 0:  # of an old version
            continue
        for reference in items(obj, "metadata", "ownerReferences"):
            namespace = text(obj, "metadata", "namespace")
            owner = Owner(text(reference, "kind"), namespace, text(reference, "name"))
            found[owner] = (*found.get(owner, ()), obj)
    return found


def way_out(namespace: str, refused: str) -> str:
    """Commands that show, or mend, what refuses pods in a namespace."""
    account, webhook = _ACCOUNT.search(refused), webhook_in(refused)
    if webhook:
        fix = (
            "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations -o yaml | "
            f"grep -B20 {shlex.quote(f'name: {webhook}')}  # which Service it calls, and its pods"
        )
    elif account:
        fix = (
            f"kubectl -n {namespace} create serviceaccount {shlex.quote(account[1])}  "
            "# or apply the manifests again that have it"
        )
    else:
        fix = f"kubectl -n {namespace} describe resourcequota,limitrange"
    return f"{fix}\nkubectl -n {namespace} get events --field-selector reason=FailedCreate"


def refusing(snapshot: Snapshot, refused: str) -> tuple[str, ...]:
    """The configurations of the webhook that cannot be asked, if it is one."""
    name = webhook_in(refused)
    found = (one.where for one in webhooks_of(snapshot) if name and one.name == name)
    return tuple(dict.fromkeys(found))
