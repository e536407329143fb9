"""The status of an Experiment: its trials by how they fare, the best of them, and its end.

Rules, words and their order: kubeflow/katib v0.19.0,
pkg/controller.v1beta1/experiment/util/status_util.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.katib.conditions import end, has, mark
from pytest_kubeflow.local.katib.trialstate import TrialState
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now

# The lists of trials and what counts them.
_COUNTS = {
    "killedTrialList": "trialsKilled",
    "failedTrialList": "trialsFailed",
    "succeededTrialList": "trialsSucceeded",
    "earlyStoppedTrialList": "trialsEarlyStopped",
    "runningTrialList": "trialsRunning",
    "metricsUnavailableTrialList": "trialMetricsUnavailable",
    "pendingTrialList": "trialsPending",
}
RESTARTABLE = ("LongRunning", "FromVolume")


def is_completed(experiment: Object) -> bool:
    """Whether it has succeeded or failed."""
    return has(experiment, "Succeeded", "Failed")


def is_restartable(experiment: Object) -> bool:
    """Whether one that has ended may go on with more trials."""
    conditions = (experiment.get("status") or {}).get("conditions") or []
    reached = any(
        one["type"] == "Succeeded"
        and one["status"] == "True"
        and one.get("reason") == "ExperimentMaxTrialsReached"
        for one in conditions
    )
    return reached and experiment["spec"].get("resumePolicy") in RESTARTABLE


def count(status: Object, *names: str) -> int:
    """The sum of counts, which are left out where they are 0."""
    return sum(status.get(name, 0) for name in names)


def update(
    experiment: Object, trials: Sequence[tuple[Object, TrialState]], *, wrong: bool = False
) -> None:
    """Bring the status up to its trials; with `wrong`, the worst one is called the best."""
    reached = _summarise(experiment, trials, wrong=wrong)
    if not is_completed(experiment):
        _conclude(experiment, reached=reached)


def _summarise(
    experiment: Object, trials: Sequence[tuple[Object, TrialState]], *, wrong: bool
) -> bool:
    """Lists, counts and the best trial; whether the goal is reached."""
    status, lists = experiment["status"], dict[str, list[str]]()
    for trial, state in trials:
        lists.setdefault(state.listed, []).append(trial["metadata"]["name"])
    for field, number_of in _COUNTS.items():
        _put(status, field, lists.get(field))
        _put(status, number_of, len(lists.get(field, ())))
    _put(status, "trials", len(trials))
    best, reached = _best(experiment["spec"]["objective"], trials, wrong=wrong)
    if best is not None:
        status["currentOptimalTrial"] = {
            "bestTrialName": best["metadata"]["name"],
            "parameterAssignments": best["spec"].get("parameterAssignments") or [],
            "observation": {"metrics": best["status"]["observation"].get("metrics") or []},
        }
    else:
        status.setdefault("currentOptimalTrial", {"observation": {}})
    return reached


def _best(
    objective: Object, trials: Sequence[tuple[Object, TrialState]], *, wrong: bool
) -> tuple[Object | None, bool]:
    """All trials count that have a value, whatever they came to; of equal ones the first is best.

    A value that is no number makes its trial the best so far.
    """
    kind, goal = objective.get("type"), objective.get("goal")
    best: Object | None = None
    best_value, reached = 0.0, False
    chosen: tuple[float, Object] | None = None
    for trial, state in trials:
        if not state.has_value:
            continue
        value = state.value
        if value is None:
            best = trial
            continue
        if best is None:
            best, best_value = trial, value
        is_better = value < best_value if kind == "minimize" else value > best_value
        if is_better and kind in {"minimize", "maximize"}:
            best, best_value = trial, value
        if goal is not None and kind in {"minimize", "maximize"}:
            reached |= best_value <= goal if kind == "minimize" else best_value >= goal
        is_worse = chosen is None or (
            value > chosen[0] if kind == "minimize" else value < chosen[0]
        )
        if is_worse:
            chosen = value, trial
    return (chosen[1] if wrong and chosen is not None else best), reached


def _conclude(experiment: Object, *, reached: bool) -> None:
    spec, status = experiment["spec"], experiment["status"]
    failed = count(status, "trialsFailed", "trialMetricsUnavailable")
    completed = failed + count(status, "trialsSucceeded", "trialsKilled", "trialsEarlyStopped")
    most_failed, most = spec.get("maxFailedTrialCount"), spec.get("maxTrialCount")
    if reached:
        message = "Experiment has succeeded because Objective goal has reached"
        end(experiment, "Succeeded", "ExperimentGoalReached", message)
    elif most_failed is not None and failed != 0 and failed >= most_failed:
        message = "Experiment has failed because max failed count has reached"
        end(experiment, "Failed", "ExperimentFailed", message)
    elif most is not None and completed >= most:
        message = "Experiment has succeeded because max trial count has reached"
        end(experiment, "Succeeded", "ExperimentMaxTrialsReached", message)
    else:
        mark(experiment, "Running", "ExperimentRunning", "Experiment is running")
        return
    status["completionTime"] = now()


def _put(status: Object, field: str, value: object) -> None:
    """As Go writes it: nothing where there is none."""
    if value:
        status[field] = value
    else:
        status.pop(field, None)
