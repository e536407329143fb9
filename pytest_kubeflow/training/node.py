"""TrainingNode: a place in a training job, and the pod that has it now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.k8s.pods.lifecycle import describe_pod
from pytest_kubeflow.k8s.pods.start import container_statuses
from pytest_kubeflow.training.kinds import JobKind

PROXY = "istio-proxy"


@dataclass(frozen=True)
class TrainingNode:
    """Node `index` of those of its `role`. `pod` is the youngest V1Pod that has this place."""

    kind: JobKind
    role: str
    index: int
    pod: Any = field(repr=False)

    @property
    def name(self) -> str:
        """As the `kubeflow` SDK calls it: "node-0", "worker-1"."""
        return f"{self.role}-{self.index}"

    @property
    def pod_name(self) -> str:
        """That of its pod."""
        return str(self.pod.metadata.name)

    @property
    def host(self) -> str:
        """The host name that its program sees."""
        return str(self.pod.spec.hostname or self.pod.metadata.name)

    @property
    def where(self) -> str:
        """The cluster's node on which it runs; "" before it is bound."""
        return str(self.pod.spec.node_name or "")

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed."""
        return str(self.pod.status.phase or "Pending")

    @property
    def container(self) -> str:
        """The name of the container of its program."""
        names = [one.name for one in self.pod.spec.containers]
        for name in (*self.kind.containers, *names):
            if name in names and name != PROXY:
                return str(name)
        return str(names[0])

    @property
    def sidecars(self) -> list[str]:
        """The mesh's containers in it, ordinary ones or those of init containers."""
        spec = self.pod.spec
        found = [*(spec.init_containers or ()), *spec.containers]
        return [one.name for one in found if one.name == PROXY]

    @property
    def statuses(self) -> list[Any]:
        """Of its program's container: a V1ContainerStatus, or none yet."""
        return [one for one in container_statuses(self.pod) if one.name == self.container]

    @property
    def has_begun(self) -> bool:
        """Whether its program has ever run: before, there is no log to ask for."""
        states = [state for one in self.statuses for state in (one.state, one.last_state) if state]
        return any(state.running or state.terminated for state in states)

    @property
    def has_ended(self) -> bool:
        """Whether its program has ended, and is not started again."""
        states = [one.state for one in self.statuses if one.state]
        return any(state.terminated is not None for state in states)

    @property
    def restarts(self) -> int:
        """How often its program was started again in this pod."""
        return sum(one.restart_count or 0 for one in self.statuses)

    @property
    def terminated(self) -> Any | None:
        """The V1ContainerStateTerminated of its program's last end; None before."""
        for one in self.statuses:
            for state in (one.state, one.last_state):
                if state is not None and state.terminated is not None:
                    return state.terminated
        return None

    @property
    def exit_code(self) -> int | None:
        """Of its program, the last time that it ended; None before."""
        found = self.terminated
        return None if found is None else int(found.exit_code)

    @property
    def how_it_ended(self) -> str:
        """Its exit code, and what else is told: "exit code 137 (OOMKilled)"; "" before."""
        found = self.terminated
        if found is None:
            return ""
        reason = found.reason if found.reason not in {"Error", "Completed"} else None
        message = ": ".join(" ".join(one.split()) for one in (reason, found.message) if one)
        return f"exit code {found.exit_code}" + (f" ({message})" if message else "")

    @property
    def is_bad(self) -> bool:
        """Whether its program has ended badly."""
        return self.phase == "Failed" or self.exit_code not in {None, 0}

    def describe(self) -> str:
        """On one line."""
        message = f"{self.name}: pod {self.pod_name} on {self.where or 'no node'}: "
        message += describe_pod(self.pod)
        return f"{message}; {self.restarts} restarts" if self.restarts else message


def nodes_of(kind: JobKind, pods: list[Any]) -> list[TrainingNode]:
    """The places that pods have, each with its youngest one, in the order of their ranks."""
    found: dict[tuple[str, int], Any] = {}
    for pod in sorted(pods, key=_age):
        found[kind.place_of(pod)] = pod
    last = len(kind.ranks)
    ordered = sorted(found, key=lambda one: (kind.ranks.get(one[0], last), *one))
    return [TrainingNode(kind, role, index, found[role, index]) for role, index in ordered]


def _age(pod: Any) -> tuple[str, bool, str]:
    made = pod.metadata.creation_timestamp
    # Of the same second: what is on its way out is the older one.
    going = pod.metadata.deletion_timestamp is None and pod.status.phase != "Failed"
    return (made.isoformat() if made else "", going, pod.metadata.name)
