"""Container: one of a pod, as its status tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.fields import flag, items, mapping, number, text

PROXY = "istio-proxy"


@dataclass(frozen=True, slots=True)
class Container:
    """What the kubelet last told of a container, with what was asked for in the pod."""

    status: Object
    spec: Object
    init: bool

    @property
    def name(self) -> str:
        """Its name."""
        return text(self.status, "name")

    @property
    def image(self) -> str:
        """The image as the pod asks for it."""
        return text(self.spec, "image") or text(self.status, "image")

    @property
    def waiting(self) -> str:
        """Why it does not run: "CrashLoopBackOff"; "" if it does not wait."""
        return text(self.status, "state", "waiting", "reason")

    @property
    def message(self) -> str:
        """What the kubelet says of that."""
        return text(self.status, "state", "waiting", "message")

    @property
    def running(self) -> bool:
        """Whether it runs."""
        state = mapping(self.status, "state")
        return "running" in state

    @property
    def ended(self) -> Object:
        """How it ended, if it has; an empty object while it runs or waits."""
        return mapping(self.status, "state", "terminated")

    @property
    def last(self) -> Object:
        """How its last run ended; an empty object if this is the first one."""
        return mapping(self.status, "lastState", "terminated") or self.ended

    @property
    def ready(self) -> bool:
        """Whether its probes pass."""
        return flag(self.status, "ready")

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        return number(self.status, "restartCount") or 0


def containers_of(pod: Object) -> Iterator[Container]:
    """Those of a pod that the kubelet tells of, init containers first."""
    for init, statuses, specs in (
        (True, "initContainerStatuses", "initContainers"),
        (False, "containerStatuses", "containers"),
    ):
        asked = {text(one, "name"): one for one in items(pod, "spec", specs)}
        for status in items(pod, "status", statuses):
            yield Container(status, asked.get(text(status, "name"), {}), init)


def has_late_proxy(pod: Object) -> bool:
    """Whether the mesh's proxy is an ordinary container, which may be ready after the others."""
    return any(text(one, "name") == PROXY for one in items(pod, "spec", "containers"))


def claims_of(pod: Object) -> Sequence[str]:
    """The names of the claims that a pod mounts."""
    found = (
        text(one, "persistentVolumeClaim", "claimName") for one in items(pod, "spec", "volumes")
    )
    return tuple(one for one in found if one)
