"""Argo's names for nodes and for pods.

KFP's compiler makes several templates of a task, and its `workflow-controller-configmap` gives each
of them a retry strategy: so a task `add` is `x(0).root(0).add`, its first attempt `...add(0)`, the
component's pod `...add(0).executor(0)`, and the driver's before it `...add-driver(0)`.
Sources: kubeflow/pipelines backend/src/v2/compiler/argocompiler/dag.go and container.go;
argo-workflows workflow/util/pod_name.go, and NodeID of the Workflow type.
"""

from __future__ import annotations

DAG_DRIVER, CONTAINER_DRIVER = "system-dag-driver", "system-container-driver"
EXECUTOR, IMPLEMENTATION = "system-container-executor", "system-container-impl"
IMPORTER = "system-importer"
_LONGEST_PREFIX = 242  # of a pod's name, before the hash


def node_id(workflow: str, name: str) -> str:
    """The id of the node called `name`."""
    return workflow if name == workflow else f"{workflow}-{_fnv(name)}"


def pod_name(workflow: str, name: str, template: str) -> str:
    """The name of the pod of the node called `name`."""
    return f"{f'{workflow}-{template}'[:_LONGEST_PREFIX]}-{_fnv(name)}"


def attempt(name: str, number: int = 0) -> str:
    """The name of an attempt at the node called `name`."""
    return f"{name}({number})"


def _fnv(text: str) -> int:
    """FNV-1a of 32 bits."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value
