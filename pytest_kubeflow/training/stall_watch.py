"""StallWatch: what keeps a training job from its end, and when there is no use in waiting longer.

Trainer writes no status while it cannot make what belongs to a TrainJob: that the JobSet's webhook
is dead, or that a quota is full, is said by an event alone. One node that does not start keeps all
others waiting, and a pod whose program has ended goes on with an ordinary sidecar in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_kubeflow.k8s.pods.start import StartWatch, container_statuses
from pytest_kubeflow.reason_clock import ReasonClock
from pytest_kubeflow.training.evidence import last_words
from pytest_kubeflow.training.kinds import SIDECAR, TRAIN_JOB
from pytest_kubeflow.training.node import PROXY, TrainingNode
from pytest_kubeflow.training.refusal_cause import cause_of
from pytest_kubeflow.training.state import TrainingState
from pytest_kubeflow.training.workload import Refused, TrainingWorkload

GRACE = 10.0
"""Seconds in which a sidecar ends after its program."""

OUTAGE = 30.0
"""Seconds for which a webhook may be away: its controller may have been restarted."""

_CRASHES = 2


@dataclass
class StallWatch:
    """Looks at one job again and again. `start_timeout` is what --kf-start-timeout says.

    `failing`: it is meant to fail, so that programs which are started again are none.
    """

    workload: TrainingWorkload
    start_timeout: float
    failing: bool = False
    reasons: ReasonClock = field(default_factory=ReasonClock)
    _starts: dict[str, StartWatch] = field(default_factory=dict, init=False)

    def hopeless(self, state: TrainingState) -> str:
        """Why it will not end, once that has lasted too long; empty before."""
        with self.reasons.look():
            return self._found(state)

    def now(self, _: TrainingState) -> str:
        """What is in its way at this moment, for however short a time; empty: nothing is."""
        for one in self.workload.refused():
            return f"{one.who} cannot make what belongs to it: {one.words}"
        for node in self.workload.nodes():
            if node.phase == "Pending" and (reason := self._start(node).now(node.pod)):
                return f"{node.name} (pod {node.pod_name}) does not start: {reason}"
        return ""

    def _found(self, state: TrainingState) -> str:
        if state.wants_suspension:
            return "it is suspended, until somebody resumes it (.resume())"
        refused = self.workload.refused()
        for one in refused:
            if reason := self._refused(one):
                return reason
        nodes = self.workload.nodes()
        if not nodes:
            return "" if refused else self._without_pods(state)
        return self._not_started(nodes) or self._kept(nodes) or self._crashing(nodes)

    def _refused(self, refused: Refused) -> str:
        """Something of it that a controller cannot make: whether that may pass, and has not."""
        cause = cause_of(refused.words)
        allowed_seconds = self.start_timeout if cause.passing else 0.0
        if cause.is_outage:
            allowed_seconds = min(allowed_seconds, OUTAGE)
        if not self.reasons.lasts(f"refused {refused.who}", allowed_seconds):
            return ""
        after = f" for {allowed_seconds:g} s" if allowed_seconds else ""
        message = f"; {cause.message}" if cause.message else ""
        return f"{refused.who} cannot make what belongs to it{after}: {refused.words}{message}"

    def _without_pods(self, state: TrainingState) -> str:
        if not self.reasons.lasts("no pods", self.start_timeout):
            return ""
        look = self.workload.kind.controllers
        if not state.is_taken_up:
            return (
                f"nobody takes it up: it has no status, no pod and no event after "
                f"{self.start_timeout:g} s; are its controllers running? ({look}{self._rivals()})"
            )
        return f"it has no pod after {self.start_timeout:g} s, and no event says why ({look})"

    def _rivals(self) -> str:
        """What else keeps jobs of the training operator from being taken up (F26)."""
        if self.workload.kind is TRAIN_JOB:
            return ""
        return (
            "; KF716 mpijobs-two-owners: an mpi-operator beside it takes the version v1 away from "
            "mpijobs.kubeflow.org, without which the training-operator does not start: kubectl get "
            "crd mpijobs.kubeflow.org -o jsonpath='{.spec.versions[*].name}'"
        )

    def _not_started(self, nodes: Sequence[TrainingNode]) -> str:
        for node in nodes:
            if node.phase != "Pending":
                continue
            if reason := self._start(node).hopeless(node.pod) or self._unplaced(node):
                return f"{node.name} (pod {node.pod_name}) cannot start: {reason}"
        return ""

    def _start(self, node: TrainingNode) -> StartWatch:
        return self._starts.setdefault(
            node.pod.metadata.uid,
            StartWatch(
                self.workload.kubernetes,
                self.workload.namespace,
                self.start_timeout,
                options="image=, or the image of its runtime",
            ),
        )

    def _unplaced(self, node: TrainingNode) -> str:
        for one in node.pod.status.conditions or ():
            if one.type == "PodScheduled" and one.status == "False":
                if not self.reasons.lasts(f"unplaced {node.pod_name}", self.start_timeout):
                    return ""
                return (
                    f"no node of the cluster takes it for {self.start_timeout:g} s "
                    f"(--kf-start-timeout): {one.message or one.reason}"
                )
        return ""

    def _kept(self, nodes: Sequence[TrainingNode]) -> str:
        """A program that has ended, in a pod that something else keeps alive."""
        for node in nodes:
            if node.phase != "Running" or not _program_ended(node):
                continue
            left = _running_beside(node)
            if not left or not self.reasons.lasts(f"kept {node.pod_name}", GRACE):
                continue
            message = (
                f"the program of {node.name} has ended with {node.how_it_ended}, and its "
                f"pod {node.pod_name} goes on with {', '.join(left)}"
            )
            if PROXY in left:
                message += (
                    f': keep the mesh out by the label {SIDECAR}: "false" (sidecars=False), or '
                    "switch native sidecars on (KF112 job-kept-by-sidecar)"
                )
            return message
        return ""

    def _crashing(self, nodes: Sequence[TrainingNode]) -> str:
        if self.failing:
            return ""
        for node in nodes:
            waits = [one.state.waiting for one in node.statuses if one.state]
            crashes = any(one and one.reason == "CrashLoopBackOff" for one in waits)
            if crashes and node.restarts >= _CRASHES:
                return (
                    f"the program of {node.name} (pod {node.pod_name}) has ended {node.restarts} "
                    f"times with {node.how_it_ended}{last_words(self.workload, node)}"
                )
        return ""


def _program_ended(node: TrainingNode) -> bool:
    return any(one.state and one.state.terminated for one in node.statuses)


def _running_beside(node: TrainingNode) -> list[str]:
    """The ordinary containers, besides that of the program, that still run."""
    ordinary = {one.name for one in node.pod.spec.containers} - {node.container}
    return [
        one.name
        for one in container_statuses(node.pod)
        if one.name in ordinary and one.state and one.state.running
    ]
