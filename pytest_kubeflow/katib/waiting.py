"""Waiting for an experiment: until it ends, and no longer once it never will."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_kubeflow.errors import Evidence, NotFound
from pytest_kubeflow.katib.errors import ExperimentFailed
from pytest_kubeflow.katib.obstacles import Obstacles
from pytest_kubeflow.katib.state import FAILED, SUCCEEDED, ExperimentState
from pytest_kubeflow.waiting import Deadline, wait_until

_LOOK_AROUND = 2.0
"""Seconds between two looks at trials, Jobs and pods; the Experiment itself is read more often."""


@dataclass
class ExperimentWait:
    """Waits for one experiment. `look` raises NotFound once it is gone.

    `why_failed` says for an experiment that has failed what of its trials or its suggestions did.
    """

    name: str
    look: Callable[[], ExperimentState]
    obstacles: Obstacles
    evidence: Callable[[], Evidence]
    why_failed: Callable[[ExperimentState], str]
    onlooker: Callable[[str, str | None], None] | None = None
    clock: Callable[[], float] = time.monotonic
    _looked: float = field(default=float("-inf"), init=False)

    def until(self, wanted: str, deadline: Deadline) -> ExperimentState:
        """Wait until it has ended, as `wanted`: Succeeded or Failed.

        Raises ExperimentFailed if it ends otherwise, or as soon as it is clear that it will not
        end; WaitTimeout at the deadline; both with conditions, trials, pods, events and logs.
        """
        try:
            found = wait_until(
                self._seen,
                self._is_over,
                deadline=deadline,
                what=f"Experiment {self.name} to end",
                interval=0.1,
                longest=1.0,
                describe=ExperimentState.describe,
                evidence=self.evidence,
            )
        finally:
            self._tell(None)
        if (SUCCEEDED if found.has_succeeded else FAILED) != wanted:
            why = "" if found.has_succeeded else self.why_failed(found)
            raise ExperimentFailed(
                f"Experiment {self.name} has {'succeeded' if found.has_succeeded else 'failed'}: "
                f"{found.message} ({found.reason}; {found.progress()})" + (f"; {why}" * bool(why)),
                evidence=self.evidence(),
            )
        return found

    def _tell(self, state: str | None) -> None:
        if self.onlooker is not None:
            self.onlooker(f"Experiment {self.name}", state)

    def _seen(self) -> ExperimentState:
        try:
            return self.look()
        except NotFound as error:
            raise ExperimentFailed(
                f"Experiment {self.name} was deleted while it was waited for"
            ) from error

    def _is_over(self, state: ExperimentState) -> bool:
        if state.is_over:
            return True
        self._tell(state.progress() if state.trials else state.describe())
        if reason := self._hopeless(state):
            raise ExperimentFailed(
                f"Experiment {self.name} will not end: {reason}", evidence=self.evidence()
            )
        return False

    def _hopeless(self, state: ExperimentState) -> str:
        if state.is_being_deleted:
            return "it is being deleted"
        now = self.clock()
        if now - self._looked < _LOOK_AROUND:
            return ""
        self._looked = now
        return self.obstacles.hopeless(state)
