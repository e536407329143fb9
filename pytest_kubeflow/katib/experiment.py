"""KatibExperiment: one experiment, to be waited for, read from all sides and removed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.cluster.namespace_access import NamespaceAccess
from pytest_kubeflow.errors import Evidence, KubeflowError, NotFound
from pytest_kubeflow.k8s.objects.custom_object import CustomObject
from pytest_kubeflow.k8s.pods.logs import read_log
from pytest_kubeflow.katib.evidence import experiment_evidence, why_failed
from pytest_kubeflow.katib.observation import metrics_in_log, number
from pytest_kubeflow.katib.spec import KIND
from pytest_kubeflow.katib.stall_watch import StallWatch
from pytest_kubeflow.katib.state import SUCCEEDED, ExperimentState, OptimalTrial
from pytest_kubeflow.katib.trial import Trial
from pytest_kubeflow.katib.trial_watch import TrialWatch
from pytest_kubeflow.katib.waiting import ExperimentWait
from pytest_kubeflow.katib.webui import KatibUI
from pytest_kubeflow.katib.workload import ExperimentWorkload, collector_of
from pytest_kubeflow.provenance import READ
from pytest_kubeflow.retries.evidence import reading_evidence
from pytest_kubeflow.waiting import wait_until


@dataclass(frozen=True)
class KatibAccess(NamespaceAccess):
    """What the experiments of one namespace are asked with."""

    cluster: Cluster

    @cached_property
    def ui(self) -> KatibUI:
        """The web app, as us."""
        return KatibUI(self.cluster.gateway_url, self.cluster.session())

    def read(self, name: str) -> ExperimentState:
        """The object. Raises NotFound."""
        return ExperimentState(self.at(name).read())

    def at(self, name: str) -> CustomObject:
        """How it is asked for and changed."""
        return KIND.of(self.cluster.kubernetes, self.namespace, name)


class KatibExperiment:
    """An experiment of ours. Whatever it tells is asked for when it is read.

    `watch` has listened to its trials since it was made.
    """

    def __init__(self, access: KatibAccess, name: str, watch: TrialWatch) -> None:
        self._access = access
        self.name = name
        self.namespace = access.namespace
        self.watch = watch
        self.uses = 0
        """How often somebody has asked for its state: reports tell which tests did."""

    def __repr__(self) -> str:
        return f"KatibExperiment({self.namespace}/{self.name})"

    @property
    def url(self) -> str:
        """Its page in Katib's web app."""
        return f"{self._access.ui.url}/experiment/{self.namespace}/{self.name}"

    @property
    def state(self) -> ExperimentState:
        """What its object says now. Raises NotFound if it is not there."""
        self.uses += 1
        return self._access.read(self.name)

    @property
    def workload(self) -> ExperimentWorkload:
        """Suggestion, Trials, Jobs and pods."""
        return ExperimentWorkload(self._access.cluster.kubernetes, self.namespace, self.name)

    @property
    def trials(self) -> list[Trial]:
        """Its trials, by name: in the order in which Katib itself goes through them."""
        return self.workload.trials(self.state.space)

    @property
    def optimal(self) -> OptimalTrial | None:
        """The best trial as the Experiment names it; None while there is none."""
        return self.state.optimal

    def wait(self, timeout: float | None = None, *, ended: str = SUCCEEDED) -> KatibExperiment:
        """Wait until it has ended as wanted, "Succeeded" or "Failed"; returns it.

        Raises ExperimentFailed if it ends otherwise, or as soon as it is clear that it will not
        end; WaitTimeout; both with conditions, trials, pods, events and logs. Meanwhile the
        terminal shows how many trials are done and the best value so far.
        """
        ExperimentWait(
            f"{self.namespace}/{self.name}",
            lambda: self.state,
            StallWatch(self.workload, self._access.cluster.config.session.start_timeout),
            self.evidence,
            lambda state: why_failed(self.workload, state),
            listener=self._access.listener,
        ).until(ended, self._access.deadline(timeout))
        return self

    def wait_trials(self, timeout: float | None = None) -> KatibExperiment:
        """Wait until none of its trials goes on: those that ran at its end go on until theirs."""
        wait_until(
            lambda: [one for one in self.trials if not one.has_ended],
            lambda active: not active,
            deadline=self._access.deadline(timeout),
            what=f"the trials of Experiment {self.namespace}/{self.name} to end",
            describe=lambda active: "; ".join(map(Trial.describe, active)) or "all have",
            evidence=self.evidence,
        )
        return self

    def wait_cleaned(self, timeout: float | None = None) -> KatibExperiment:
        """Wait until its suggestion service is gone, which Katib removes at its end."""
        wait_until(
            lambda: [
                *self.workload.suggestion_deployments(),
                *(pod.metadata.name for pod in self.workload.suggestion_pods()),
            ],
            lambda left: not left,
            deadline=self._access.deadline(timeout),
            what=f"the suggestion service of Experiment {self.namespace}/{self.name} to be gone",
            describe=", ".join,
            evidence=self.evidence,
        )
        return self

    def observations(self) -> dict[str, dict[str, float | None]]:
        """The values that count, by trial and metric, as the Trials have them."""
        return READ.note(
            {trial.name: trial.metrics for trial in self.trials},
            f"trials of Experiment {self.name}",
        )

    def database(self) -> dict[str, dict[str, float | None]]:
        """The best values, by trial and metric, that Katib's database has, by way of its web app.

        Trials that have failed, or have reported no number, have none there.
        """
        metrics = self.state.metrics
        rows = self._access.ui.trial_rows(self.namespace, self.name)
        return READ.note(
            {
                row["trialName"]: {name: number(row[name]) for name in metrics if row.get(name)}
                for row in rows
            },
            f"database of Katib for Experiment {self.name}",
        )

    def reported(self, trial: Trial | str) -> list[tuple[str, str, str]]:
        """What the database has of a trial: (metric, time, value), the best of each second."""
        name = trial if isinstance(trial, str) else trial.name
        return self._access.ui.reported(self.namespace, name)

    def log(self, trial: Trial) -> str:
        """What a trial has printed. Raises NotFound once its pod is gone.

        Katib leads it into a file for its collector, which repeats it in its own log, so that the
        log of the program's container is empty.
        """
        pods = self.workload.pods(trial)
        if not pods:
            raise NotFound(
                f"trial {trial.name} has no pod any more, and no log: spec.trialTemplate.retain "
                "keeps them"
            )
        pod = pods[0]
        container = collector_of(pod) or str(
            (trial.object.get("spec") or {}).get("primaryContainerName") or ""
        )
        data = read_log(
            self._access.cluster.kubernetes, self.namespace, pod.metadata.name, container or None
        )
        return READ.note(data.decode(errors="replace"), f"log of trial {trial.name}")

    def logged(self, trial: Trial) -> dict[str, list[float]]:
        """The numbers of its metrics in a trial's log, in their order."""
        return metrics_in_log(self.log(trial), self.state.metrics)

    def edit(self, **counts: int) -> KatibExperiment:
        """Change `parallelTrialCount`, `maxTrialCount`, `maxFailedTrialCount`; returns it."""
        self._owned()
        self._access.at(self.name).patch({"spec": counts})
        return self

    def _owned(self) -> ExperimentState:
        """Its state, if it is ours. Raises PermissionDenied for somebody else's."""
        state = self.state
        self._access.at(self.name).check_ours(state.metadata)
        return state

    def delete(self, *, wait: bool = True, timeout: float | None = None) -> None:
        """Remove it, and wait until nothing of it is left; one that is not there is fine.

        Katib's web app is no way to do that: it waits until no namespace at all has an experiment
        of that name.
        """
        with contextlib.suppress(NotFound):
            self._access.at(self.name).delete(self._owned().metadata["uid"])
        if wait:
            wait_until(
                self.remains,
                lambda left: not left,
                deadline=self._access.deadline(timeout),
                what=f"Experiment {self.namespace}/{self.name} to be gone",
                describe=", ".join,
                evidence=self.evidence,
            )
        self.watch.stop()

    def remains(self) -> list[str]:
        """What is left of it: "trial x, held by clean-metrics-in-db", "pod y"."""
        left = []
        with contextlib.suppress(NotFound):
            left.append(f"the Experiment itself{_held(self.state.object)}")
        trials = self.workload.trials({})
        left += [f"trial {one.name}{_held(one.object)}" for one in trials]
        if (suggestion := self.workload.suggestion()) is not None:
            left.append(f"its Suggestion{_held(suggestion)}")
        return [*left, *self.workload.below()]

    @reading_evidence()
    def evidence(self) -> Evidence:
        """Everything that is known of it now: conditions, trials, logs, pods, events."""
        state: ExperimentState | None
        try:
            state = self.state
        except KubeflowError:
            state = None
        return experiment_evidence(self.workload, state)


def _held(thing: Mapping[str, Any]) -> str:
    metadata = thing.get("metadata") or {}
    holders = metadata.get("finalizers") or ()
    if not metadata.get("deletionTimestamp") or not holders:
        return ""
    message = f", held by {', '.join(holders)}"
    if "clean-metrics-in-db" in holders:
        message += " (Katib removes its rows from the database first: does katib-db-manager run?)"
    return message
