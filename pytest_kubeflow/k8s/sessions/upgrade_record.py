"""What a session before an upgrade has left on a cluster, for the one after it to look at.

A ConfigMap for each thing, with our labels and the facts about it as JSON: what it is called and
what it held. It takes no right but to create ConfigMaps, and to list them afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.errors import ConfigurationError, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import (
    MANAGED_BY,
    MANAGER,
    OWNER,
    RUN_ID,
    Ownership,
    has_expired,
    label_value,
)

THING = "pytest-kubeflow.io/upgrade"
"""The label with the name of what was left."""

_FACTS = "facts.json"
_SELECTOR = f"{MANAGED_BY}={MANAGER},{THING}"
_BEFORE = "--kf-upgrade=before"


def leave(
    kubernetes: KubernetesClient,
    namespace: str,
    ownership: Ownership,
    thing: str,
    facts: Mapping[str, Any],
    *,
    lifetime: float,
) -> None:
    """Remember what was left: `thing` is a name like "volume", `facts` is JSON.

    It is good for `lifetime` seconds. Raises KubeflowErrors.
    """
    name = ownership.name(f"upgrade-{thing}")
    labels = {**ownership.labels(lifetime=lifetime), THING: label_value(thing)}
    body = {
        "metadata": {"name": name, "labels": labels},
        "data": {_FACTS: json.dumps(facts, indent=1, sort_keys=True)},
    }
    with calling(f"create ConfigMap {namespace}/{name}"):
        kubernetes.core.create_namespaced_config_map(namespace, body)
    MADE.add("configmap")


@dataclass(frozen=True)
class UpgradeRecord:
    """All that one session has left. `things` has the facts of each, by its name."""

    namespace: str
    run_id: str
    owner: str
    made: str
    """When, as Kubernetes writes it."""

    things: Mapping[str, Mapping[str, Any]] = field(repr=False)

    def __str__(self) -> str:
        return f"session {self.run_id} of {self.owner} (namespace {self.namespace}, {self.made})"


def find_record(
    kubernetes: KubernetesClient, namespace: str | None, *, now: float
) -> UpgradeRecord:
    """What the last session before an upgrade has left, in `namespace` or anywhere.

    Raises ConfigurationError where there is nothing, or nothing that is still good.
    """
    found = [one for one in _listed(kubernetes, namespace) if one.metadata.labels.get(RUN_ID)]
    where = f"in namespace {namespace}" if namespace else "in any namespace"
    if not found:
        raise ConfigurationError(
            f"nothing is left {where} by a session with {_BEFORE}: run that before the upgrade "
            "(if it was run, the upgrade has lost its namespace or its ConfigMaps, labelled "
            f"{THING})"
        )
    good = [one for one in found if not has_expired(one.metadata.labels, now=now)]
    if not good:
        raise ConfigurationError(
            f"what was left {where} by a session with {_BEFORE} has expired: run that again, with "
            "a longer --kf-keep-for"
        )
    last = max(good, key=lambda one: (str(one.metadata.creation_timestamp), one.metadata.name))
    run_id, home = last.metadata.labels[RUN_ID], last.metadata.namespace
    same = [
        one
        for one in good
        if one.metadata.labels[RUN_ID] == run_id and one.metadata.namespace == home
    ]
    return UpgradeRecord(
        namespace=home,
        run_id=run_id,
        owner=last.metadata.labels.get(OWNER) or "nobody",
        made=min(one.metadata.creation_timestamp for one in same).isoformat(timespec="minutes"),
        things={one.metadata.labels[THING]: _facts(one) for one in same},
    )


def _listed(kubernetes: KubernetesClient, namespace: str | None) -> list[Any]:
    core = kubernetes.core
    if namespace is not None:
        with calling(f"list ConfigMaps in {namespace}"):
            return list(core.list_namespaced_config_map(namespace, label_selector=_SELECTOR).items)
    try:
        with calling("list ConfigMaps in all namespaces"):
            return list(core.list_config_map_for_all_namespaces(label_selector=_SELECTOR).items)
    except PermissionDenied as error:
        raise ConfigurationError(
            f"what {_BEFORE} has left cannot be looked for in all namespaces ({error.message}): "
            "name the one that it worked in with --kf-namespace"
        ) from error


def _facts(one: Any) -> Mapping[str, Any]:
    text = (one.data or {}).get(_FACTS, "")
    where = f"ConfigMap {one.metadata.namespace}/{one.metadata.name}"
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ConfigurationError(f"{where} has no JSON in {_FACTS}: {error}") from None
    if not isinstance(found, dict):
        raise ConfigurationError(f"{where} has no object in {_FACTS}, but {text[:40]!r}")
    return found
