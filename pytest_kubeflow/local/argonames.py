"""Argo's names for nodes and for pods, of Workflows by hand and of runs of pipelines alike.

Source: argo-workflows v3.7.3 workflow/util/pod_name.go, and NodeID of the Workflow type.
"""

from __future__ import annotations

_LONGEST_PREFIX = 242  # of a pod's name, before the hash


def node_id(workflow: str, name: str) -> str:
    """The id of the node called `name`."""
    return workflow if name == workflow else f"{workflow}-{fnv(name)}"


def pod_name(workflow: str, name: str, template: str) -> str:
    """The name of the pod of the node called `name`."""
    if name == workflow:
        return workflow
    prefix = f"{workflow}-{template}" if template else workflow
    return f"{prefix[:_LONGEST_PREFIX]}-{fnv(name)}"


def fnv(text: str) -> int:
    """FNV-1a of 32 bits, which controllers of Argo and KFP make names of."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
