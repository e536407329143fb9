"""Waiting for a training job: until it ends, and no longer once it never will."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.errors import Evidence
from pytest_kubeflow.k8s.objects.wait import ObjectWait
from pytest_kubeflow.training.errors import TrainingFailed
from pytest_kubeflow.training.stall_watch import StallWatch
from pytest_kubeflow.training.state import TrainingState
from pytest_kubeflow.waiting import Deadline


@dataclass(frozen=True)
class TrainingWait:
    """Waits for one job, which messages call `what`. `look` raises NotFound once it is gone.

    `why_failed` says of one that has failed which of its nodes did.
    """

    what: str
    look: Callable[[], TrainingState]
    stalls: StallWatch
    evidence: Callable[[], Evidence]
    why_failed: Callable[[], str]
    listener: Callable[[str, str | None], None] | None = None

    def until(self, wanted: str, deadline: Deadline) -> TrainingState:
        """Wait until it has ended, as `wanted`: Complete (Succeeded) or Failed.

        Raises TrainingFailed if it ends otherwise, or as soon as it is clear that it will not end;
        WaitTimeout at the deadline; both with conditions, nodes, logs and events.
        """
        found = ObjectWait(
            self.what,
            self.look,
            self.stalls.hopeless,
            self.evidence,
            failed=TrainingFailed,
            progress=TrainingState.describe,
            listener=self.listener,
            in_its_way=self.stalls.now,
        ).until_over(deadline)
        if found.phase != wanted:
            message = f"{self.what} is {found.phase}, {wanted} expected"
            ending = found.ending
            if ending is not None and (ending.message or ending.reason):
                message += f": {': '.join(filter(None, (ending.reason, ending.message)))}"
            if found.has_failed and (why := self.why_failed()):
                message += f"; {why}"
            raise TrainingFailed(message, evidence=self.evidence())
        return found
