"""What the controller makes of a Notebook, as Kubernetes has it: its StatefulSet and its pod."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import message_of, visible_events
from pytest_kubeflow.webapps.workload import ServerWorkload, newest_pod

LABEL = "notebook-name"


@dataclass(frozen=True)
class NotebookWorkload(ServerWorkload):
    """At one moment; `name` is the Notebook's, and that of its StatefulSet and container."""

    kind = "StatefulSet"

    @classmethod
    def read(cls, kubernetes: KubernetesClient, namespace: str, name: str) -> NotebookWorkload:
        """As it is now."""
        pod = newest_pod(kubernetes, namespace, f"{LABEL}={name}", of=f"Notebook {name} in")
        return cls(kubernetes, namespace, name, pod)

    @property
    def container(self) -> str:
        """The name of the server's container."""
        return self.name

    def not_created(self) -> str:
        """What its events say of a pod that cannot be made."""
        events = visible_events(self.kubernetes, self.namespace, kind="StatefulSet", name=self.name)
        failed = [message_of(one) for one in events if one.reason == "FailedCreate"]
        return failed[-1] if failed else ""

    def is_made(self) -> bool:
        """Whether the StatefulSet is there."""
        try:
            with calling(f"read StatefulSet {self.namespace}/{self.name}"):
                self.kubernetes.apps.read_namespaced_stateful_set(self.name, self.namespace)
        except NotFound:
            return False
        return True
