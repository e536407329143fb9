"""What the controller makes of a Notebook, as Kubernetes has it: its StatefulSet and its pod."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
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

    def refused(self, pod_spec: Mapping[str, Any]) -> str:
        """Why the API server takes no StatefulSet with such a pod; empty if it does.

        Nothing is made. Rights that we have not, and it has, are no reason.
        """
        labels = {"statefulset": self.name}
        body = {
            "metadata": {"generateName": f"{self.name[:40]}-"},
            "spec": {
                "replicas": 0,
                "serviceName": "",
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": dict(pod_spec)},
            },
        }
        try:
            with calling(f"create StatefulSet {self.namespace}/{self.name}"):
                self.kubernetes.apps.create_namespaced_stateful_set(
                    self.namespace, body, dry_run="All"
                )
        except (PermissionDenied, AuthenticationError, ClusterUnreachable):
            return ""
        except KubeflowError as error:
            return error.message
        return ""

    def _uid(self) -> str | None:
        try:
            with calling(f"read StatefulSet {self.namespace}/{self.name}"):
                found = self.kubernetes.apps.read_namespaced_stateful_set(self.name, self.namespace)
        except NotFound:
            return None
        return str(found.metadata.uid)
