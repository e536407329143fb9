"""What controllers make of a training job, as Kubernetes has it: pods, and what events say."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import KubeflowError, WaitTimeout
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import events_about, last_refusal
from pytest_kubeflow.training.kinds import JobKind
from pytest_kubeflow.training.node import TrainingNode, nodes_of
from pytest_kubeflow.waiting import Deadline, wait_until

_FAILED = frozenset(
    {
        "FailedCreate",  # of a Job's pod
        "FailedCreatePod",  # the training operator's
        "FailedCreateService",
        "ErrResourceExists",  # of its MPIJobs
        "MPIJobFailed",
        "MPIJobFailedValidation",
        "HeadlessServiceCreationFailed",  # JobSet's
        "JobCreationFailed",
        "TrainJobResourcesCreationFailed",  # Trainer's
    }
)
_MADE = frozenset({"SuccessfulCreate", "SuccessfulCreatePod"})
_EMPTY = re.compile(
    r"Created worker pod:\s*|MPIJob \S+ has failed|.* replica\(s\) failed\."
    r"|launcher pod created failed: .* already exists"
)
"""What an MPIJob's events say besides of what is not made: the operator often makes its launcher
twice, and of a worker another event says why."""

_LINGER = 30.0
"""Seconds that nodes have to end once the one that decides has."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What a controller could not make: `who`, "Job x-node-0", and its words."""

    who: str
    words: str


@dataclass(frozen=True)
class TrainingWorkload:
    """Of the job `name`. Whatever it tells is asked for when it is called."""

    kubernetes: KubernetesClient
    namespace: str
    kind: JobKind
    name: str

    def pods(self) -> list[Any]:
        """Its V1Pods, those of attempts that have failed too."""
        with calling(f"list the pods of {self.kind.name} {self.namespace}/{self.name}"):
            found = self.kubernetes.core.list_namespaced_pod(
                self.namespace, label_selector=f"{self.kind.job_label}={self.name}"
            )
        return list(found.items)

    def nodes(self) -> list[TrainingNode]:
        """Its nodes, in the order of their ranks."""
        return nodes_of(self.kind, self.pods())

    def settled_nodes(self) -> list[TrainingNode]:
        """Its nodes once their programs have ended, or after some seconds as they are then.

        A job is over when its master is, and others may have something to say yet.
        """
        with contextlib.suppress(WaitTimeout):
            return wait_until(
                self.nodes,
                lambda nodes: all(one.has_ended or one.role in self.kind.idle for one in nodes),
                deadline=Deadline.after(_LINGER),
                what=f"the nodes of {self.kind.name} {self.namespace}/{self.name} to end",
            )
        return self.nodes()

    def refused(self) -> list[Refused]:
        """What its controllers could not make, and have not since; none if events are not ours."""
        try:
            events = events_about(self.kubernetes, self.namespace, self.name, below=f"{self.name}-")
        except KubeflowError:
            return []
        return list(refusals(events))


def refusals(events: Iterable[Any]) -> Iterable[Refused]:
    """What the events, oldest first, say of what could not be made; by who should have."""
    makers: dict[str, list[Any]] = {}
    for event in events:
        if _EMPTY.fullmatch(event.message or ""):
            continue
        about = event.involved_object
        makers.setdefault(f"{about.kind} {about.name}", []).append(event)
    for who, found in makers.items():
        if words := last_refusal(found, failed=_FAILED, made=_MADE):
            yield Refused(who, words)
