"""Taints of nodes that are not ready."""

from __future__ import annotations

from typing import Any

from tests.local.controllers.conftest import Eventually, node

NAME = "node-9"
_GPU = {"key": "nvidia.com/gpu", "effect": "NoSchedule"}


def keys(core: Any) -> list[str]:
    return [one.key for one in core.read_node(NAME).spec.taints or []]


def test_taints_follow_what_a_node_says_of_itself(core: Any, eventually: Eventually) -> None:
    taints = [_GPU, {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]
    core.create_node(node(NAME, taints=taints))

    def tell(status: str) -> None:
        condition = {"type": "Ready", "status": status, "reason": "Told", "message": "by a test"}
        core.patch_node_status(NAME, {"status": {"conditions": [condition]}})

    tell("True")
    eventually(lambda: keys(core) == ["nvidia.com/gpu"])
    tell("Unknown")
    eventually(lambda: keys(core) == ["nvidia.com/gpu", "node.kubernetes.io/unreachable"])
    tell("False")
    eventually(lambda: keys(core) == ["nvidia.com/gpu", "node.kubernetes.io/not-ready"])
    core.delete_node(NAME)
