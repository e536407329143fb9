"""ExperimentRecord: what a report keeps of a Katib experiment, while the cluster still has it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_kubeflow.reporting.records.excerpts import UNREADABLE, Excerpts, reason
from pytest_kubeflow.retries.evidence import NotAsked, reading_evidence

if TYPE_CHECKING:
    from pytest_kubeflow.katib.experiment import KatibExperiment
    from pytest_kubeflow.katib.trial import Trial

_TRIALS = 500


@dataclass(frozen=True, slots=True)
class TrialEntry:
    """One trial. Times are seconds since the epoch.

    `values` are those of its parameters, as Katib has written them; `metrics` those that count,
    None for what was reported and is no number; `reason` why it ended badly, if it did.
    """

    name: str
    state: str
    values: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    started: float | None = None
    ended: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ExperimentRecord:
    """An experiment as it was when the record was taken; trials in the order of their beginning.

    `metric` is the objective's, `best` the name of the trial that Katib calls the best one. `gaps`
    says what could not be read, and why; `left_out` how many trials the table lacks.
    """

    name: str
    namespace: str
    url: str
    state: str = ""
    reason: str = ""
    metric: str = ""
    maximizes: bool = True
    goal: float | None = None
    algorithm: str = ""
    best: str = ""
    is_over: bool = False
    trials: tuple[TrialEntry, ...] = ()
    left_out: int = 0
    gaps: tuple[str, ...] = ()

    @classmethod
    @reading_evidence()
    def of(cls, experiment: KatibExperiment, redact: Callable[[str], str]) -> ExperimentRecord:
        """The record of `experiment` now. What cannot be read is a gap; nothing is raised."""
        excerpts = Excerpts(redact)
        known = cls(
            name=excerpts.text(experiment.name),
            namespace=experiment.namespace,
            url=excerpts.text(experiment.url),
        )
        try:
            state = experiment.state
            found = experiment.workload.trials(state.space)
        except NotAsked as error:
            return replace(known, gaps=(error.message,))
        except UNREADABLE as error:
            message = f"neither state nor trials can be read: {reason(error)}"
            return replace(known, gaps=(excerpts.text(message),))
        goal = state.objective.get("goal")
        best = state.optimal
        current = [one.type for one in state.conditions if one.is_true]
        trials = sorted(found, key=lambda one: (one.started or 0.0, one.name))
        return replace(
            known,
            state=current[-1] if current else "",
            reason=excerpts.text(state.message),
            metric=excerpts.text(state.metric),
            maximizes=state.maximizes,
            goal=float(goal) if goal is not None else None,
            algorithm=excerpts.text(str((state.spec.get("algorithm") or {}).get("algorithmName"))),
            best=excerpts.text(best.name) if best is not None else "",
            is_over=state.is_over and all(one.has_ended for one in trials),
            trials=tuple(_entry(one, excerpts) for one in trials[:_TRIALS]),
            left_out=len(trials[_TRIALS:]),
        )


def _entry(trial: Trial, excerpts: Excerpts) -> TrialEntry:
    is_bad = trial.has_ended and trial.state != "Succeeded"
    return TrialEntry(
        name=excerpts.text(trial.name),
        state=trial.state,
        values={
            excerpts.text(name): excerpts.text(text) for name, text in trial.assignments.items()
        },
        metrics={excerpts.text(name): value for name, value in trial.metrics.items()},
        started=trial.started,
        ended=trial.completed,
        reason=excerpts.text(trial.reason) if is_bad else "",
    )
