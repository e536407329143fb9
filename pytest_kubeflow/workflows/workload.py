"""The pods and claims of a Workflow, as Kubernetes has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient, calling

WORKFLOW_LABEL = "workflows.argoproj.io/workflow"
NODE_NAME = "workflows.argoproj.io/node-name"
NODE_ID = "workflows.argoproj.io/node-id"


@dataclass(frozen=True)
class WorkflowWorkload:
    """Of the Workflow `name`. Whatever it tells is asked for when it is called."""

    kubernetes: KubernetesClient
    namespace: str
    name: str

    def pods(self) -> list[Any]:
        """Its V1Pods."""
        with calling(f"list the pods of Workflow {self.namespace}/{self.name}"):
            found = self.kubernetes.core.list_namespaced_pod(
                self.namespace, label_selector=f"{WORKFLOW_LABEL}={self.name}"
            )
        return list(found.items)

    def pod(self, node_name: str) -> Any | None:
        """The V1Pod of the node of this name; None if there is none (any more)."""
        for pod in self.pods():
            if (pod.metadata.annotations or {}).get(NODE_NAME) == node_name:
                return pod
        return None

    def claims(self) -> list[str]:
        """The names of the claims that were made for it alone."""
        with calling(f"list the claims of Workflow {self.namespace}/{self.name}"):
            found = self.kubernetes.core.list_namespaced_persistent_volume_claim(
                self.namespace, label_selector=f"{WORKFLOW_LABEL}={self.name}"
            )
        return [one.metadata.name for one in found.items]
