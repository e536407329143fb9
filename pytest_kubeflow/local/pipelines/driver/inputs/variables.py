"""Argo's variables, such as `{{workflow.name}}`, which it replaces in all that passes through it.

That is the pipeline itself, the arguments of a run, and what a driver says of a task's pod: so also
values that look like one. Others in braces stay as they are. What else Argo knows is left alone:
expressions (`{{=...}}`), the Workflow's parameters, and words that it looks for in vain.
Source: argo-workflows workflow/controller/operator.go (setGlobalParameters) and util/template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from pytest_kubeflow.local.kube.client import Object

_TAG = re.compile(r"\{\{([^{}]*)\}\}")


def of_workflow(workflow: Object) -> dict[str, str]:
    """Those that have one value in the whole Workflow."""
    metadata, spec = workflow["metadata"], workflow["spec"]
    created = metadata["creationTimestamp"]
    seconds = int(datetime.fromisoformat(created).timestamp())
    return {
        "workflow.name": metadata["name"],
        "workflow.namespace": metadata["namespace"],
        "workflow.uid": metadata["uid"],
        "workflow.serviceAccountName": spec["serviceAccountName"],
        "workflow.mainEntrypoint": spec["entrypoint"],
        "workflow.creationTimestamp": created,
        "workflow.creationTimestamp.RFC3339": created,
        "workflow.creationTimestamp.s": str(seconds),
    }


def of_pod(node: str, pod: str, attempt: int) -> dict[str, str]:
    """Those of one attempt at a task."""
    return {"node.name": node, "pod.name": pod, "retries": str(attempt)}


def replaced(text: str, variables: Mapping[str, str]) -> str:
    """`text` with the values of variables; what is in braces otherwise stays."""
    return _TAG.sub(lambda match: variables.get(match[1].strip(), match[0]), text)
