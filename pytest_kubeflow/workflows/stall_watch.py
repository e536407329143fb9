"""StallWatch: what keeps a Workflow from going on, and when there is no use in waiting longer.

A Workflow that no controller takes up has no phase for ever, a node whose pod a quota refuses is
Pending until the quota has room, and a pod that cannot start is Pending as long as that is so.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_kubeflow.k8s.pods.start import StartWatch
from pytest_kubeflow.reason_clock import ReasonClock
from pytest_kubeflow.workflows.state import WorkflowState
from pytest_kubeflow.workflows.workload import NODE_NAME, WorkflowWorkload

TAKEN_UP = 30.0
"""Seconds in which a workflow controller takes a Workflow up, however busy it is."""

_CONTROLLER = "kubectl -n kubeflow logs deploy/workflow-controller"


@dataclass
class StallWatch:
    """Looks at one Workflow again and again. `start_timeout` is what --kf-start-timeout says."""

    workload: WorkflowWorkload
    start_timeout: float
    reasons: ReasonClock = field(default_factory=ReasonClock)
    _starts: dict[str, StartWatch] = field(default_factory=dict, init=False)

    def hopeless(self, state: WorkflowState) -> str:
        """Why it will not go on, once that has lasted too long; empty before."""
        with self.reasons.look():
            return self._found(state)

    def _found(self, state: WorkflowState) -> str:
        if not state.phase:
            if not self.reasons.lasts("new", TAKEN_UP):
                return ""
            return (
                f"nobody runs it: it has no status.phase after {TAKEN_UP:g} s; is the "
                f"workflow-controller running, and does it look after this namespace? "
                f"({_CONTROLLER})"
            )
        if state.phase == "Pending" and state.message:
            if self.reasons.lasts(f"pending {state.message}", self.start_timeout):
                return (
                    f"it waits for {self.start_timeout:g} s (--kf-start-timeout): {state.message}"
                )
            return ""
        return self._refused(state) or self._not_started()

    def _refused(self, state: WorkflowState) -> str:
        """A node without a pod, since Kubernetes refuses it for now."""
        waiting = [one for one in state.pods if one.phase == "Pending" and one.message]
        refused = [one for one in waiting if "exceeded quota" in one.message]
        for node in refused:
            if self.reasons.lasts(f"refused {node.id}", self.start_timeout):
                return (
                    f"node {node.display_name} gets no pod for {self.start_timeout:g} s "
                    f"(--kf-start-timeout): {node.message}"
                )
        return ""

    def _not_started(self) -> str:
        for pod in self.workload.pods():
            if pod.status.phase not in {None, "Pending"}:
                continue
            watch = self._starts.setdefault(
                pod.metadata.uid,
                StartWatch(
                    self.workload.kubernetes,
                    self.workload.namespace,
                    self.start_timeout,
                    options="the image of its template",
                ),
            )
            if reason := watch.hopeless(pod):
                node = (pod.metadata.annotations or {}).get(NODE_NAME, pod.metadata.name)
                return f"the pod of node {node} cannot start: {reason}"
        return ""
