"""Framework: what the operator knows of one kind of job; Look: one look at a job of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import Resource
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.owned import OwnedObjects

Event = tuple[str, str, str]
"""Its kind (Normal or Warning), reason and message."""


@dataclass(frozen=True)
class Look:
    """A job with its defaults, its pods, and its status, which becomes what it is to be."""

    job: Object
    status: Object
    pods: Sequence[Object]
    owned: OwnedObjects
    faults: Faults


class Framework(Protocol):
    """A kind of job of the operator."""

    @property
    def resource(self) -> Resource:
        """What such jobs are at the API."""

    @property
    def made(self) -> tuple[Resource, ...]:
        """Kinds of what it makes, whose changes lead back to the job."""

    def with_defaults(self, job: Object) -> Object:
        """The job with everything that it leaves out."""

    def refusal(self, job: Object) -> str:
        """Why a job as it was sent is not worked on; empty where it is."""

    async def make(self, look: Look) -> None:
        """Make what the job needs and does not have, and count its replicas in the status."""

    def judge(self, look: Look) -> Iterator[Event]:
        """Set the conditions by these numbers; yields what is told of them."""


def replicas_of(job: Object) -> dict[str, Object]:
    """Of a job with its defaults, by the kind of replica: `Master`, `Worker`."""
    found: dict[str, Object] = job["spec"][replicas_field(job["kind"])]
    return found


def replicas_field(kind: str) -> str:
    """Where jobs of a kind have their replicas: `pytorchReplicaSpecs`."""
    return f"{kind.removesuffix('Job').lower()}ReplicaSpecs"


def total(job: Object) -> int:
    """How many pods there are."""
    return sum(one["replicas"] for one in replicas_of(job).values())
