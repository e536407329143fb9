"""StallWatch: what keeps an experiment from its end, and when there is no use in waiting longer.

Katib waits without end for what never comes: metrics of a trial whose Job is complete (it asks its
database each second), a pod of the suggestion service, a pod that a webhook or a quota refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.k8s.admission import refusal
from pytest_kubeflow.k8s.objects.conditions import condition
from pytest_kubeflow.k8s.pods.logs import last_lines
from pytest_kubeflow.k8s.pods.start import StartWatch, container_statuses
from pytest_kubeflow.katib.spec import INJECTION_LABEL
from pytest_kubeflow.katib.state import ExperimentState
from pytest_kubeflow.katib.trial import Trial
from pytest_kubeflow.katib.workload import ExperimentWorkload, collector_of, is_complete
from pytest_kubeflow.reason_clock import ReasonClock

GRACE = 10.0
"""Seconds from a Job's end for metrics that came with it: the collector reports before it ends."""

_CONTROLLER = "kubectl -n kubeflow logs deploy/katib-controller"
_DATABASE = "kubectl -n kubeflow get pods -l katib.kubeflow.org/component=db-manager"
_OPTIONS = "the image of the trial's template"
_SERVICE_OPTIONS = "katib-config names the image of each algorithm: kubectl -n kubeflow get cm"


@dataclass
class StallWatch:
    """Looks at one experiment again and again. `start_timeout` is what --kf-start-timeout says."""

    workload: ExperimentWorkload
    start_timeout: float
    reasons: ReasonClock = field(default_factory=ReasonClock)
    _starts: dict[str, StartWatch] = field(default_factory=dict, init=False)

    def hopeless(self, state: ExperimentState) -> str:
        """Why it will not end, once that has lasted too long; empty before."""
        with self.reasons.look():
            return self._found(state)

    def now(self, state: ExperimentState) -> str:
        """What is in its way at this moment, for however short a time; empty: nothing is."""
        active = [one for one in self.workload.trials(state.space) if not one.has_ended]
        for trial in active:
            if reason := self._trial_now(trial):
                return f"trial {trial.name}: {reason}"
        if active or not state.conditions:
            return ""
        if said := self.workload.warning("Suggestion", self.workload.name):
            return f"its Suggestion: {said}"
        pods = self.workload.suggestion_pods()
        refused = () if pods else map(self._not_made, self.workload.replica_sets())
        reason = self._pods_now(pods, _SERVICE_OPTIONS) or next(filter(None, refused), "")
        return f"its suggestion service does not start: {reason}" if reason else ""

    def _trial_now(self, trial: Trial) -> str:
        job = self.workload.job(trial)
        if job is None or is_complete(job):
            said = self.workload.warning("Trial", trial.name)
            what = (
                "it has no Job yet" if job is None else "its Job is complete, without metrics yet"
            )
            return f"{what}: {said}" if said else what
        pods = self.workload.pods(trial)
        if not pods:
            return self.workload.not_created("Job", trial.name)
        return self._pods_now(pods, _OPTIONS)

    def _not_made(self, name: str) -> str:
        return self.workload.not_created("ReplicaSet", name)

    def _pods_now(self, pods: Sequence[Any], options: str) -> str:
        found = ((pod.metadata.name, self._start(pod, options).now(pod)) for pod in pods)
        return next((f"pod {name}: {reason}" for name, reason in found if reason), "")

    def _found(self, state: ExperimentState) -> str:
        if not state.conditions:
            if not self.reasons.lasts("new", self.start_timeout):
                return ""
            return (
                f"it has no status after {self.start_timeout:g} s: katib-controller does not run, "
                f"or fails ({_CONTROLLER})"
            )
        trials = self.workload.trials(state.space)
        active = [one for one in trials if not one.has_ended]
        for trial in active:
            if reason := self._trial(trial):
                return f"trial {trial.name}: {reason}"
        if not trials and state.trials:
            return self._without_trials(state.trials)
        return "" if active else self._suggestion()

    def _without_trials(self, counted: int) -> str:
        """All of its trials are gone: Katib counts only where there is one (katib 0.19)."""
        if not self.reasons.lasts("no trials", self.start_timeout):
            return ""
        return (
            f"its status counts {counted} trials, and there is none for {self.start_timeout:g} s: "
            "somebody has deleted them, and katib-controller makes none anew where none is left"
        )

    def _trial(self, trial: Trial) -> str:
        job = self.workload.job(trial)
        if job is None:
            if not self.reasons.lasts(f"no job {trial.name}", self.start_timeout):
                return ""
            said = self.workload.warning("Trial", trial.name)
            return f"it has no Job after {self.start_timeout:g} s: {said or _CONTROLLER}"
        pods = self.workload.pods(trial)
        if is_complete(job):
            return self._without_metrics(trial, pods)
        if not pods:
            return self._refused("Job", trial.name)
        return self._first(pods, _OPTIONS)

    def _without_metrics(self, trial: Trial, pods: Sequence[Any]) -> str:
        """Its Job is complete and it is not: for a while that is as it should be."""
        pod = pods[0] if pods else None
        name = collector_of(pod) if pod is not None else ""
        said = self.workload.warning("Trial", trial.name)
        # Who has no collector waits for nothing; all others may wait for a controller that is busy.
        allowed_seconds = self.start_timeout
        if pod is not None and not name:
            allowed_seconds = min(GRACE, allowed_seconds)
        elif said:
            allowed_seconds = min(3 * GRACE, allowed_seconds)
        if not self.reasons.lasts(f"complete {trial.name}", allowed_seconds):
            return ""
        why = f"its Job is complete, and it stays {trial.state} without metrics: "
        if pod is not None and not name:
            return why + self._uninjected()
        if said:
            return (
                f"{why}katib-controller cannot read them: {said}; does katib-db-manager run? "
                f"({_DATABASE})"
            )
        if pod is None:
            return f"{why}its pod is gone, and nothing is told of it ({_CONTROLLER})"
        log = last_lines(
            *(self.workload.kubernetes, self.workload.namespace, pod.metadata.name, name), lines=5
        ).strip()
        words = log.splitlines()[-1] if log else "it wrote nothing"
        return (
            f"{why}the collector {name} in its pod has ended, and the database has nothing of it "
            f"(its last words: {words}; {_DATABASE})"
        )

    def _uninjected(self) -> str:
        namespace, label = self.workload.namespace, self.workload.injection()
        why = "its pod has no metrics collector, since "
        if label not in {"enabled", "?"}:
            return (
                f"{why}the namespace {namespace} lacks the label {INJECTION_LABEL}=enabled by "
                f"which Katib's webhook knows it: kubectl label namespace {namespace} "
                f"{INJECTION_LABEL}=enabled"
            )
        if self.workload.has_webhook() is False:
            return (
                f"{why}Katib's webhook for pods (mutator.pod.katib.kubeflow.org) is not "
                "registered: install the MutatingWebhookConfiguration katib.kubeflow.org again"
            )
        if label == "?":
            return (
                f"{why}the namespace {namespace} lacks the label {INJECTION_LABEL}=enabled, or "
                "Katib's webhook for pods is not registered (neither may be read by us)"
            )
        return (
            f"{why}Katib's webhook did not change it, although the namespace {namespace} has the "
            f"label {INJECTION_LABEL}=enabled ({_CONTROLLER}; is the pod of another trial's kind, "
            "or was it made while the webhook was ignored?)"
        )

    def _suggestion(self) -> str:
        """No trial goes on: it waits for values."""
        suggestion = self.workload.suggestion()
        if suggestion is None:
            if not self.reasons.lasts("no suggestion", self.start_timeout):
                return ""
            said = self.workload.warning("Experiment", self.workload.name)
            return f"it has no Suggestion after {self.start_timeout:g} s: {said or _CONTROLLER}"
        ready = condition(suggestion, "DeploymentReady")
        if ready is not None and ready.is_true:
            if not self.reasons.lasts("no values", self.start_timeout):
                return ""
            said = self.workload.warning("Suggestion", self.workload.name)
            return (
                f"its suggestion service runs and gives no values for {self.start_timeout:g} s: "
                f"{said or _CONTROLLER}"
            )
        pods = self.workload.suggestion_pods()
        if not pods:
            for name in self.workload.replica_sets():
                if reason := self._refused("ReplicaSet", name):
                    return f"its suggestion service: {reason}"
            return ""
        reason = self._first(pods, _SERVICE_OPTIONS)
        return f"its suggestion service does not start: {reason}" if reason else ""

    def _refused(self, kind: str, name: str) -> str:
        """Its controller makes no pod: whether that is a rule, and one that never changes."""
        words = self.workload.not_created(kind, name)
        if not words:
            if not self.reasons.lasts(f"no pod {name}", self.start_timeout):
                return ""
            return (
                f"{kind} {name} has made no pod after {self.start_timeout:g} s "
                "(--kf-start-timeout), and no event says why"
            )
        rule = refusal(403, words, pod=True)
        if (rule is None or rule.passing) and not self.reasons.lasts(
            f"no pod {name}", self.start_timeout
        ):
            return ""
        message = f"; it is {rule.rule} that refuses it" if rule else ""
        return f"{kind} {name} cannot make a pod: {words}{message}"

    def _first(self, pods: Sequence[Any], options: str) -> str:
        """What keeps the first of these pods that does not start."""
        for pod in pods:
            if reason := self._start(pod, options).hopeless(pod) or _crashes(pod):
                return f"pod {pod.metadata.name}: {reason}"
        return ""

    def _start(self, pod: Any, options: str) -> StartWatch:
        name = pod.metadata.name
        if name not in self._starts:
            self._starts[name] = StartWatch(
                self.workload.kubernetes,
                self.workload.namespace,
                self.start_timeout,
                options=options,
            )
        return self._starts[name]


def _crashes(pod: Any) -> str:
    for status in container_statuses(pod):
        waiting = status.state.waiting if status.state else None
        if status.restart_count >= 2 and waiting and waiting.reason == "CrashLoopBackOff":
            ended = status.last_state.terminated if status.last_state else None
            how = f"with exit code {ended.exit_code}" if ended else "again and again"
            return f"its container {status.name} has ended {status.restart_count} times {how}"
    return ""
