"""TrialStates: what an Experiment counts of each of its Trials, read once for each version of one.

Most trials of an experiment have ended and change no more, while it is reconciled several times for
each that goes on. Rules: kubeflow/katib v0.19.0,
pkg/controller.v1beta1/experiment/util/status_util.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.local.katib.conditions import UNAVAILABLE, is_observed, true_ones
from pytest_kubeflow.local.katib.observation import number, objective_value
from pytest_kubeflow.local.kube.client import Object

# In the order in which a trial is looked at: the first that is true counts.
_LISTS = {
    "Killed": "killedTrialList",
    "Failed": "failedTrialList",
    "Succeeded": "succeededTrialList",
    "EarlyStopped": "earlyStoppedTrialList",
    "Running": "runningTrialList",
    "MetricsUnavailable": "metricsUnavailableTrialList",
}
_PENDING = "pendingTrialList"


@dataclass(frozen=True, slots=True)
class TrialState:
    """A trial as its experiment sees it.

    `listed` is the list of the experiment's status in which it stands. `value` is that of the
    objective where it `has_value`; None if that is no number. One that was stopped early
    `awaits_value` until there is one.
    """

    listed: str
    has_value: bool
    value: float | None
    awaits_value: bool

    @staticmethod
    def of(trial: Object) -> TrialState:
        """That of a trial as it is."""
        true = true_ones(trial)
        text = objective_value(trial)
        has_value = text != UNAVAILABLE
        return TrialState(
            listed=next((name for kind, name in _LISTS.items() if kind in true), _PENDING),
            has_value=has_value,
            value=number(text) if has_value else None,
            awaits_value="EarlyStopped" in true and not is_observed(trial),
        )


class TrialStates:
    """Those of all trials that somebody asked for, until they are forgotten."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, TrialState]] = {}  # by uid

    def of(self, trial: Object) -> TrialState:
        """That of a trial in the version that is given."""
        metadata = trial["metadata"]
        known = self._known.get(metadata["uid"])
        if known is not None and known[0] == metadata["resourceVersion"]:
            return known[1]
        state = TrialState.of(trial)
        self._known[metadata["uid"]] = metadata["resourceVersion"], state
        return state

    def forget(self, trial: Object) -> None:
        """One that is deleted."""
        self._known.pop(trial["metadata"]["uid"], None)
