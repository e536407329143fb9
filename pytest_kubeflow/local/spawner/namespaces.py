"""Namespaces for the server itself: the calls that the spawner's own processes make."""

from __future__ import annotations

from pytest_kubeflow.local.spawner.inside.linux import (
    CLONE_NEWNET,
    CLONE_NEWUSER,
    enter_namespace,
    has_capability,
    map_identity,
    pass_on_capabilities,
    unshare,
)

__all__ = [
    "CLONE_NEWNET",
    "CLONE_NEWUSER",
    "enter_namespace",
    "has_capability",
    "map_identity",
    "pass_on_capabilities",
    "unshare",
]
