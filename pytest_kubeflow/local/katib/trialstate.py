"""TrialState: what an Experiment counts of one of its Trials.

Rules: kubeflow/katib v0.19.0, pkg/controller.v1beta1/experiment/util/status_util.go.
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
