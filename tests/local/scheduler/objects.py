"""Nodes and pods for the scheduler's tests."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.scheduler.snapshot import Snapshot

Object = dict[str, Any]


def node(
    name: str = "n1",
    *,
    taints: list[Object] | None = None,
    labels: dict[str, str] | None = None,
) -> Object:
    """A node with 2 CPUs, 4 GiB, room for 3 pods, and one GPU."""
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": {"taints": taints or []},
        "status": {
            "allocatable": {"cpu": "2", "memory": "4Gi", "pods": "3", "nvidia.com/gpu": "1"}
        },
    }


def pod(
    limits: dict[str, str] | None = None,
    *,
    name: str = "p",
    labels: dict[str, str] | None = None,
    namespace: str = "default",
    **spec: Any,
) -> Object:
    """A pod of one container with these limits."""
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"containers": [{"name": "main", "resources": {"limits": limits or {}}}], **spec},
    }


def snapshot(*nodes: Object, **pods: list[Object]) -> Snapshot:
    """A cluster of `nodes`, with the pods on each by the node's name."""
    return Snapshot(
        {one["metadata"]["name"]: one for one in nodes},
        pods,
        {"default": {"team": "a"}, "other": {"team": "b"}},
    )


def term(key: str = "kubernetes.io/hostname", **fields: Any) -> Object:
    """An affinity term for pods labelled app=web."""
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": "web"}}, **fields}


def required(kind: str, *terms: Object) -> Object:
    """A required affinity of `kind`, podAffinity or podAntiAffinity."""
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": list(terms)}}
