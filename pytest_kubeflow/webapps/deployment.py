"""DeploymentWorkload: the Deployment and the pod behind a viewer or a TensorBoard."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import events_about, last_refusal
from pytest_kubeflow.webapps.workload import ServerWorkload, newest_pod


@dataclass(frozen=True)
class DeploymentWorkload(ServerWorkload):
    """At one moment; `name` is the Deployment's, whose first container is the server's."""

    kind = "Deployment"

    @classmethod
    def read(
        cls, kubernetes: KubernetesClient, namespace: str, name: str, *, selector: str
    ) -> DeploymentWorkload:
        """As it is now; `selector` finds its pods."""
        pod = newest_pod(kubernetes, namespace, selector, of=f"Deployment {name} in")
        return cls(kubernetes, namespace, name, pod)

    @property
    def container(self) -> str:
        """The name of the server's container."""
        return str(self.pod.spec.containers[0].name) if self.pod is not None else ""

    def not_created(self) -> str:
        """What its ReplicaSet says, whose name is the Deployment's with something after it."""
        below = f"{self.name}-"
        try:
            about = events_about(self.kubernetes, self.namespace, self.name, below=below)
        except KubeflowError:  # they may not be read
            return ""
        return last_refusal([one for one in about if one.involved_object.kind == "ReplicaSet"])

    def has_claim(self, name: str) -> bool:
        """Whether there is such a volume claim beside it."""
        try:
            with calling(f"read volume claim {self.namespace}/{name}"):
                self.kubernetes.core.read_namespaced_persistent_volume_claim(name, self.namespace)
        except NotFound:
            return False
        return True

    def is_rolled_out(self) -> bool:
        """Whether all its pods are those of its newest template, and ready."""
        try:
            with calling(f"read Deployment {self.namespace}/{self.name}"):
                found = self.kubernetes.apps.read_namespaced_deployment(self.name, self.namespace)
        except NotFound:
            return False
        told, wanted = found.status, found.spec.replicas
        return bool(
            (told.observed_generation or 0) >= found.metadata.generation
            and told.updated_replicas == wanted
            and told.replicas == wanted
            and told.ready_replicas == wanted
        )

    def is_made(self) -> bool:
        """Whether the Deployment is there."""
        try:
            with calling(f"read Deployment {self.namespace}/{self.name}"):
                self.kubernetes.apps.read_namespaced_deployment(self.name, self.namespace)
        except NotFound:
            return False
        return True
