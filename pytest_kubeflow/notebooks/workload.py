"""What the controller makes of a Notebook, as Kubernetes has it: its StatefulSet and its pod."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import last_refusal, visible_events
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
        """What its events say of a pod that cannot be made.

        Those of an earlier StatefulSet of that name, of a notebook that was removed, do not count.
        """
        uid = self._uid()
        events = visible_events(self.kubernetes, self.namespace, kind="StatefulSet", name=self.name)
        return last_refusal([one for one in events if one.involved_object.uid in {None, uid}])

    def is_made(self) -> bool:
        """Whether the StatefulSet is there."""
        return self._uid() is not None

    def _uid(self) -> str | None:
        try:
            with calling(f"read StatefulSet {self.namespace}/{self.name}"):
                found = self.kubernetes.apps.read_namespaced_stateful_set(self.name, self.namespace)
        except NotFound:
            return None
        return str(found.metadata.uid)
