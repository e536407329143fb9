"""TrainingState: what a training job's object says, and what can be told from it."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.k8s.objects.conditions import Condition, ConditionedState
from pytest_kubeflow.training.kinds import FAILED, JobKind, kind_of

SUSPENDED = "Suspended"


@dataclass(frozen=True, slots=True)
class ReplicaCounts:
    """Of a TrainJob how many Jobs of a replicated job are so, of the operator's jobs how many pods.

    `name` is "node", or "Worker".
    """

    name: str
    ready: int = 0
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    suspended: int = 0

    def __str__(self) -> str:
        counts = {
            name: getattr(self, name)
            for name in ("ready", "active", "succeeded", "failed", "suspended")
        }
        message = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        return f"{self.name}: {message or 'none yet'}"


@dataclass(frozen=True)
class TrainingState(ConditionedState):
    """A training job as the API gave it. A TrainJob has no condition while it runs."""

    @property
    def kind(self) -> JobKind:
        """TrainJob, PyTorchJob..."""
        return kind_of(self.object)

    @property
    def is_done(self) -> bool:
        """Whether it ended well."""
        return self.holds(self.kind.done)

    @property
    def has_failed(self) -> bool:
        """Whether it ended badly."""
        return self.holds(FAILED)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.is_done or self.has_failed

    @property
    def wants_suspension(self) -> bool:
        """Whether it is to wait, as its spec says."""
        where = self.spec.get("runPolicy") if "runPolicy" in self.spec else self.spec
        return bool((where or {}).get("suspend"))

    @property
    def is_suspended(self) -> bool:
        """Whether it waits, as its controller says."""
        return self.holds(SUSPENDED)

    @property
    def ending(self) -> Condition | None:
        """The condition that ended it; None before."""
        return self.condition(self.kind.done if self.is_done else FAILED) if self.is_over else None

    @property
    def phase(self) -> str:
        """The condition that holds now: Complete, Failed, Suspended, Running...; "" before one."""
        if self.is_over:
            return self.kind.done if self.is_done else FAILED
        current = [one.type for one in self.conditions if one.is_true]
        return current[-1] if current else ""

    @property
    def is_taken_up(self) -> bool:
        """Whether a controller has written anything of it."""
        return bool(self.status)

    @property
    def replicas(self) -> dict[str, ReplicaCounts]:
        """What its status counts, by name: jobsStatus of a TrainJob, replicaStatuses of others."""
        if "jobsStatus" in self.status:
            jobs = {str(one.get("name")): one for one in self.status["jobsStatus"] or ()}
        else:
            jobs = dict(self.status.get("replicaStatuses") or {})
        names = ("ready", "active", "succeeded", "failed", "suspended")
        return {
            name: ReplicaCounts(name, **{key: int((one or {}).get(key) or 0) for key in names})
            for name, one in jobs.items()
        }

    def describe(self) -> str:
        """On one line: what holds, and what it counts."""
        if self.is_being_deleted:
            return "being deleted"
        message = self.phase or ("no condition" if self.is_taken_up else "no status")
        found = self.condition(self.phase) if self.phase else None
        if found is not None and (found.reason or found.message):
            message += f" ({': '.join(filter(None, (found.reason, found.message)))})"
        counts = "; ".join(map(str, self.replicas.values()))
        return f"{message}; {counts}" if counts else message
