"""Waiting for an experiment: until it ends, and no longer once it never will."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.errors import Evidence
from pytest_kubeflow.k8s.objects.wait import ObjectWait
from pytest_kubeflow.katib.errors import ExperimentFailed
from pytest_kubeflow.katib.stall_watch import StallWatch
from pytest_kubeflow.katib.state import FAILED, SUCCEEDED, ExperimentState
from pytest_kubeflow.waiting import Deadline


@dataclass(frozen=True)
class ExperimentWait:
    """Waits for one experiment. `look` raises NotFound once it is gone.

    `why_failed` says for an experiment that has failed what of its trials or its suggestions did.
    """

    name: str
    look: Callable[[], ExperimentState]
    stalls: StallWatch
    evidence: Callable[[], Evidence]
    why_failed: Callable[[ExperimentState], str]
    listener: Callable[[str, str | None], None] | None = None

    def until(self, wanted: str, deadline: Deadline) -> ExperimentState:
        """Wait until it has ended, as `wanted`: Succeeded or Failed.

        Raises ExperimentFailed if it ends otherwise, or as soon as it is clear that it will not
        end; WaitTimeout at the deadline; both with conditions, trials, pods, events and logs.
        """
        found = ObjectWait(
            f"Experiment {self.name}",
            self.look,
            self.stalls.hopeless,
            self.evidence,
            failed=ExperimentFailed,
            progress=lambda state: state.progress() if state.trials else state.describe(),
            listener=self.listener,
            in_its_way=self.stalls.now,
        ).until_over(deadline)
        if (SUCCEEDED if found.has_succeeded else FAILED) != wanted:
            why = "" if found.has_succeeded else self.why_failed(found)
            raise ExperimentFailed(
                f"Experiment {self.name} has {'succeeded' if found.has_succeeded else 'failed'}: "
                f"{found.message} ({found.reason}; {found.progress()})" + (f"; {why}" * bool(why)),
                evidence=self.evidence(),
            )
        return found
