"""Argo's names for nodes and for pods.

KFP's compiler makes several templates of a task, and its `workflow-controller-configmap` gives each
of them a retry strategy: so a task `add` is `x(0).root(0).add`, its first attempt `...add(0)`, the
component's pod `...add(0).executor(0)`, and the driver's before it `...add-driver(0)`.
Sources: kubeflow/pipelines backend/src/v2/compiler/argocompiler/dag.go and container.go.
"""

from __future__ import annotations

from pytest_kubeflow.local.argonames import node_id, pod_name

__all__ = ["attempt", "node_id", "pod_name"]

DAG_DRIVER, CONTAINER_DRIVER = "system-dag-driver", "system-container-driver"
EXECUTOR, IMPLEMENTATION = "system-container-executor", "system-container-impl"
IMPORTER = "system-importer"


def attempt(name: str, number: int = 0) -> str:
    """The name of an attempt at the node called `name`."""
    return f"{name}({number})"
