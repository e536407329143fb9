"""ServerWorkload: the pod behind a server, and whatever makes it, as Kubernetes has them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import message_of, visible_events
from pytest_kubeflow.k8s.pods.lifecycle import describe_pod
from pytest_kubeflow.k8s.pods.start import container_statuses


@dataclass(frozen=True)
class ServerWorkload(ABC):
    """At one moment. `pod` is a V1Pod, the one that is not being deleted if there are two."""

    kubernetes: KubernetesClient = field(repr=False)
    namespace: str
    name: str
    pod: Any = None

    kind: ClassVar[str]
    """What makes the pod: "StatefulSet"."""

    @property
    @abstractmethod
    def container(self) -> str:
        """The name of the server's container."""

    @abstractmethod
    def not_created(self) -> str:
        """Why no pod can be made, in Kubernetes' words; empty if nothing says so."""

    @abstractmethod
    def is_made(self) -> bool:
        """Whether what makes the pod is there."""

    @property
    def is_going(self) -> bool:
        """Whether its pod is being deleted."""
        return self.pod is not None and self.pod.metadata.deletion_timestamp is not None

    @property
    def runs(self) -> bool:
        """Whether the server's container runs."""
        return any(
            status.name == self.container and status.state and status.state.running
            for status in (container_statuses(self.pod) if self.pod is not None else ())
        )

    @property
    def crashes(self) -> str:
        """How its container ends again and again; empty if it does not."""
        for status in container_statuses(self.pod) if self.pod is not None else ():
            waiting = status.state.waiting if status.state else None
            if status.restart_count >= 2 and waiting and waiting.reason == "CrashLoopBackOff":
                ended = status.last_state.terminated if status.last_state else None
                how = f"with exit code {ended.exit_code}" if ended else "again and again"
                why = f" ({ended.reason})" if ended and ended.reason else ""
                return (
                    f"its container {status.name} has ended {status.restart_count} times {how}{why}"
                )
        return ""

    def pending_claims(self) -> str:
        """The claims of its pod that have no volume, each with the last word about it."""
        found = []
        for volume in (self.pod.spec.volumes or ()) if self.pod is not None else ():
            source = volume.persistent_volume_claim
            if source is not None and (why := self._pending(source.claim_name)):
                found.append(why)
        return "; ".join(found)

    def _pending(self, claim: str) -> str:
        try:
            with calling(f"read claim {self.namespace}/{claim}"):
                found = self.kubernetes.core.read_namespaced_persistent_volume_claim(
                    claim, self.namespace
                )
        except KubeflowError:
            return ""
        if found.status.phase == "Bound":
            return ""
        events = visible_events(
            self.kubernetes, self.namespace, kind="PersistentVolumeClaim", name=claim
        )
        message = f": {events[-1].reason}: {message_of(events[-1])}" if events else ""
        return f"claim {claim} is {found.status.phase}{message}"

    def describe(self) -> str:
        """One line."""
        if self.pod is None:
            return "it has no pod"
        claims = self.pending_claims() if self.pod.status.phase == "Pending" else ""
        return describe_pod(self.pod) + (f"; {claims}" if claims else "")


def newest_pod(kubernetes: KubernetesClient, namespace: str, selector: str, *, of: str) -> Any:
    """The V1Pod that a selector finds; one that is being deleted only if there is no other."""
    with calling(f"list the pods of {of} {namespace}"):
        found = kubernetes.core.list_namespaced_pod(namespace, label_selector=selector).items
    found.sort(key=lambda pod: pod.metadata.deletion_timestamp is not None)
    return found[0] if found else None
