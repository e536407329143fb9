"""What the report says of the cluster itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pytest_kubeflow import options
from pytest_kubeflow.cluster.versions import (
    controller_versions,
    kubernetes_version,
    pipelines_version,
)
from pytest_kubeflow.k8s.inventory import read_inventory
from pytest_kubeflow.reporting.records.excerpts import UNREADABLE, reason

if TYPE_CHECKING:
    from pytest_kubeflow.cluster import Cluster

_NODES = 40
_facts_key = pytest.StashKey[Mapping[str, str]]()


def facts_of(config: pytest.Config, cluster: Cluster) -> Mapping[str, str]:
    """The facts, redacted; the cluster is asked once a session."""
    if _facts_key not in config.stash:
        redact = options.redactor(config).redact
        config.stash[_facts_key] = {
            name: redact(fact) for name, fact in cluster_facts(cluster).items()
        }
    return config.stash[_facts_key]


def cluster_facts(cluster: Cluster) -> dict[str, str]:
    """Facts by name, for people. One that cannot be read says so; nothing is raised."""
    facts = {
        "gateway": cluster.gateway_url,
        "mode": "multi-user" if cluster.multi_user else "stand-alone pipelines",
        "user": cluster.user or "not known",
        "login": f"{cluster.credentials.description} ({cluster.login_reason})",
    }
    for name, read in (
        ("Kubeflow Pipelines", pipelines_version),
        ("Kubernetes", kubernetes_version),
        ("components", lambda cluster: ", ".join(sorted(cluster.capabilities.components))),
        ("storage classes", lambda cluster: ", ".join(cluster.storage_classes()) or "none"),
    ):
        try:
            facts[name] = read(cluster)
        except UNREADABLE as error:
            facts[name] = f"not to be read: {reason(error)}"
    with suppress(*UNREADABLE):
        facts |= controller_versions(cluster)
    try:
        facts |= _nodes(cluster)
    except UNREADABLE as error:
        facts["nodes"] = f"not to be read: {reason(error)}"
    return facts


def _nodes(cluster: Cluster) -> dict[str, str]:
    """A line a node: CPUs, memory, accelerators, taints."""
    nodes = read_inventory(cluster.kubernetes).nodes
    lines = {f"node {node.name}": node.describe().partition(": ")[2] for node in nodes[:_NODES]}
    if len(nodes) > _NODES:
        lines["nodes"] = f"{len(nodes)}, of which the first {_NODES} are listed here"
    return lines
