"""Waiting for a Workflow: until it ends, and no longer once it never will."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_kubeflow.errors import Evidence, NotFound
from pytest_kubeflow.waiting import Deadline, wait_until
from pytest_kubeflow.workflows.errors import WorkflowFailed
from pytest_kubeflow.workflows.evidence import why_failed
from pytest_kubeflow.workflows.obstacles import Obstacles
from pytest_kubeflow.workflows.state import WorkflowState

_LOOK_AROUND = 2.0
"""Seconds between two looks at pods; the Workflow itself is read more often."""


@dataclass
class WorkflowWait:
    """Waits for one Workflow. `look` raises NotFound once it is gone."""

    name: str
    look: Callable[[], WorkflowState]
    obstacles: Obstacles
    evidence: Callable[[], Evidence]
    onlooker: Callable[[str, str | None], None] | None = None
    clock: Callable[[], float] = time.monotonic
    _looked: float = field(default=float("-inf"), init=False)

    def until(self, wanted: str, deadline: Deadline) -> WorkflowState:
        """Wait until it has ended, as `wanted`: Succeeded, Failed or Error.

        Raises WorkflowFailed if it ends otherwise, or as soon as it is clear that it will not end;
        WaitTimeout at the deadline; both with nodes, pods, events and logs.
        """
        try:
            found = wait_until(
                self._seen,
                self._is_over,
                deadline=deadline,
                what=f"Workflow {self.name} to end",
                interval=0.05,
                longest=1.0,
                describe=WorkflowState.describe,
                evidence=self.evidence,
            )
        finally:
            self._tell(None)
        if found.phase != wanted:
            told = f"Workflow {self.name} is {found.phase}, {wanted} expected"
            if found.message:
                told += f": {found.message}"
            if (why := why_failed(found)) and why.partition(": ")[2] != found.message:
                told += f"; {why}"
            raise WorkflowFailed(told, evidence=self.evidence())
        return found

    def _tell(self, state: str | None) -> None:
        if self.onlooker is not None:
            self.onlooker(f"Workflow {self.name}", state)

    def _seen(self) -> WorkflowState:
        try:
            return self.look()
        except NotFound as error:
            raise WorkflowFailed(
                f"Workflow {self.name} was deleted while it was waited for"
            ) from error

    def _is_over(self, state: WorkflowState) -> bool:
        if state.is_over:
            return True
        self._tell(state.describe())
        if reason := self._hopeless(state):
            raise WorkflowFailed(
                f"Workflow {self.name} will not end: {reason}", evidence=self.evidence()
            )
        return False

    def _hopeless(self, state: WorkflowState) -> str:
        if state.is_being_deleted:
            return "it is being deleted"
        now = self.clock()
        if now - self._looked < _LOOK_AROUND:
            return ""
        self._looked = now
        return self.obstacles.hopeless(state)
