"""StartWatch: what keeps a pod from starting, and when there is no use in waiting longer.

Reasons: kubernetes pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go,
pkg/kubelet/events/event.go, pkg/controller/volume/events/event.go.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.calling import calling
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.events import is_pulling, message_of, visible_events

GRACE = 10.0
"""Seconds for what mends itself only where something else of the same moment comes late."""

_IMAGE = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "ErrImageNeverPull",
        "ImageInspectError",
        "InvalidImageName",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
_AT_ONCE = frozenset({"InvalidImageName", "ErrImageNeverPull"})
CONTAINER_REASONS = frozenset(
    {
        "CreateContainerConfigError",
        "CreateContainerError",
        "CrashLoopBackOff",
        "PreCreateHookError",
        "PreStartHookError",
        "RunContainerError",
    }
)
"""What a container waits for whose image is there."""

_SOON = frozenset({"CreateContainerConfigError"})
# Not FailedAttachVolume: a volume is often still attached to the node where it was used before.
_MOUNT = frozenset({"FailedMount", "FailedMapVolume"})
_SANDBOX = frozenset({"FailedCreatePodSandBox", "NetworkNotReady"})
_BETWEEN = frozenset({"SandboxChanged"})
_UNBOUND = frozenset({"ProvisioningFailed", "FailedBinding"})
_UNASKED = 1.5
"""Seconds for which only the pod itself is looked at: most have started by then."""


@dataclass(frozen=True, slots=True)
class StartProblem:
    """Why a pod has not started; `allowed_seconds` says for how many seconds that may be so."""

    cause: str
    allowed_seconds: float


class StartWatch:
    """Looks at one pod again and again. `timeout` is what --kf-start-timeout says, in seconds.

    `options` are those that name the pod's image.
    """

    def __init__(
        self,
        kubernetes: KubernetesClient,
        namespace: str,
        timeout: float,
        *,
        options: str = "--kf-base-image, --kf-pod-image-pull-secret",
    ) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._timeout = timeout
        self._options = options
        self._begin = time.monotonic()
        self._since: float | None = None

    def hopeless(self, pod: Any) -> str:
        """Why this pod will not start, once that has lasted too long; empty before.

        Time counts from when something was first in its way, until nothing is.
        """
        found = self.problem(pod)
        if found is None:
            self._since = None
            return ""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        waited = now - self._since
        if waited < found.allowed_seconds:
            return ""
        if found.allowed_seconds == self._timeout and is_pulling(
            self._events("Pod", pod.metadata.name)
        ):
            return ""
        after = f" for {waited:.0f} s" if waited >= 1 else ""
        bound = " (--kf-start-timeout)" if found.allowed_seconds == self._timeout else ""
        return f"{found.cause}{after and f', and that{after}{bound}'}"

    def now(self, pod: Any) -> str:
        """What is in this pod's way at this moment, for however short a time; empty: nothing is."""
        if (found := self.problem(pod)) is not None:
            return found.cause
        if pod.status.phase not in {None, "Pending"}:
            return ""
        unplaced = (
            one.message or one.reason
            for one in pod.status.conditions or ()
            if one.type == "PodScheduled" and one.status == "False"
        )
        return next((f"no node takes it: {words}" for words in unplaced if words), "")

    def problem(self, pod: Any) -> StartProblem | None:
        """What is in its way now; None if nothing is known to be, or if it has started."""
        if pod.status.phase not in {None, "Pending"}:
            return None
        found = self._container(pod)
        if found is None and time.monotonic() - self._begin > _UNASKED:
            found = self._claim(pod) or self._node(pod)
        return found

    def _container(self, pod: Any) -> StartProblem | None:
        """An image that is not pulled, or a container that cannot be made."""
        images = {one.name: one.image for one in _containers(pod)}
        for status in container_statuses(pod):
            waiting = status.state.waiting if status.state else None
            reason = waiting.reason if waiting else None
            message = str((waiting.message if waiting else None) or reason)
            if reason in _IMAGE:
                words = self._pull_error(pod) if _says_nothing(message) else message
                return StartProblem(
                    f"the image {images[status.name]!r} is not pulled: {reason}: {words} "
                    f"({self._options})",
                    0.0 if reason in _AT_ONCE else self._timeout,
                )
            if reason in CONTAINER_REASONS:
                return StartProblem(
                    f"its container {status.name} cannot be made: {reason}: {message}",
                    self._at_most(GRACE) if reason in _SOON else self._timeout,
                )
        return None

    def _pull_error(self, pod: Any) -> str:
        """What the kubelet said when it pulled, where the state only says that it backs off."""
        for event in reversed(self._events("Pod", pod.metadata.name)):
            if event.reason == "Failed" and "pull image" in (event.message or ""):
                return str(event.message)
        return "no event says why"

    def _claim(self, pod: Any) -> StartProblem | None:
        """A claim that is not there, lost, or for which no volume can be made."""
        for volume in pod.spec.volumes or ():
            if volume.persistent_volume_claim is None:
                continue
            name = volume.persistent_volume_claim.claim_name
            called = f"its volume claim {self._namespace}/{name}"
            try:
                with calling(f"read volume claim {self._namespace}/{name}"):
                    claim = self._kubernetes.core.read_namespaced_persistent_volume_claim(
                        name, self._namespace
                    )
            except NotFound:
                return StartProblem(f"{called} is not there", self._at_most(GRACE))
            except KubeflowError:
                continue
            if claim.status.phase == "Lost":
                return StartProblem(f"{called} is Lost: its volume is gone", 0.0)
            if claim.status.phase == "Pending" and (why := self._unbound(name)) is not None:
                return StartProblem(f"{called} gets no volume: {why.cause}", why.allowed_seconds)
        return None

    def _unbound(self, claim: str) -> StartProblem | None:
        # A provisioner that tries again tells so in between: the last failure is what counts.
        events = self._events("PersistentVolumeClaim", claim)
        events = [event for event in events if event.reason in _UNBOUND]
        if not events:
            return None
        reason, message = events[-1].reason, message_of(events[-1])
        if "storageclass" in message and "not found" in message:
            ask = " (--kf-storage-class)"
        elif "no storage class is set" in message:
            ask = " (the cluster has no default one: --kf-storage-class)"
        else:
            return StartProblem(f"{reason}: {message}", self._timeout)
        return StartProblem(f"{reason}: {message}{ask}", self._at_most(GRACE))

    def _node(self, pod: Any) -> StartProblem | None:
        """A volume that cannot be mounted on its node, or a network that it does not get."""
        if any(one.state and not one.state.waiting for one in container_statuses(pod)):
            return None
        events = self._events("Pod", pod.metadata.name)
        events = [event for event in events if event.reason not in _BETWEEN]
        if not events or events[-1].reason not in _MOUNT | _SANDBOX:
            return None
        what = "volumes are not mounted" if events[-1].reason in _MOUNT else "network is not set up"
        return StartProblem(
            f"its {what}: {events[-1].reason}: {message_of(events[-1])}", self._timeout
        )

    def _events(self, kind: str, name: str) -> list[Any]:
        return visible_events(self._kubernetes, self._namespace, kind=kind, name=name)

    def _at_most(self, seconds: float) -> float:
        return min(seconds, self._timeout)


def container_statuses(pod: Any) -> list[Any]:
    """The statuses of init containers and containers of a V1Pod."""
    return [*(pod.status.init_container_statuses or []), *(pod.status.container_statuses or [])]


def _containers(pod: Any) -> list[Any]:
    return [*(pod.spec.init_containers or []), *(pod.spec.containers or [])]


def _says_nothing(message: str) -> bool:
    return message in _IMAGE or (message.startswith("Back-off pulling") and "Err" not in message)
