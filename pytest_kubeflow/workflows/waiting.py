"""Waiting for a Workflow: until it ends, and no longer once it never will."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.errors import Evidence
from pytest_kubeflow.k8s.objects.wait import ObjectWait
from pytest_kubeflow.waiting import Deadline
from pytest_kubeflow.workflows.errors import WorkflowFailed
from pytest_kubeflow.workflows.evidence import why_failed
from pytest_kubeflow.workflows.stall_watch import StallWatch
from pytest_kubeflow.workflows.state import WorkflowState


@dataclass(frozen=True)
class WorkflowWait:
    """Waits for one Workflow. `look` raises NotFound once it is gone."""

    name: str
    look: Callable[[], WorkflowState]
    stalls: StallWatch
    evidence: Callable[[], Evidence]
    listener: Callable[[str, str | None], None] | None = None

    def until(self, wanted: str, deadline: Deadline) -> WorkflowState:
        """Wait until it has ended, as `wanted`: Succeeded, Failed or Error.

        Raises WorkflowFailed if it ends otherwise, or as soon as it is clear that it will not end;
        WaitTimeout at the deadline; both with nodes, pods, events and logs.
        """
        found = ObjectWait(
            f"Workflow {self.name}",
            self.look,
            self.stalls.hopeless,
            self.evidence,
            failed=WorkflowFailed,
            progress=WorkflowState.describe,
            listener=self.listener,
            interval=0.05,
        ).until_over(deadline)
        if found.phase != wanted:
            message = f"Workflow {self.name} is {found.phase}, {wanted} expected"
            if found.message:
                message += f": {found.message}"
            if (why := why_failed(found)) and why.partition(": ")[2] != found.message:
                message += f"; {why}"
            raise WorkflowFailed(message, evidence=self.evidence())
        return found
