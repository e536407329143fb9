"""The status of an Experiment: its trials by how they fare, the best of them, and its end.

Rules, words and their order: kubeflow/katib v0.19.0,
pkg/controller.v1beta1/experiment/util/status_util.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.katib.conditions import UNAVAILABLE, end, has, mark, true_ones
from pytest_kubeflow.local.katib.observation import number, objective_value
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.times import now

# In the order in which a trial is looked at: the first that is true counts.
_LISTS = (
    ("Killed", "killedTrialList", "trialsKilled"),
    ("Failed", "failedTrialList", "trialsFailed"),
    ("Succeeded", "succeededTrialList", "trialsSucceeded"),
    ("EarlyStopped", "earlyStoppedTrialList", "trialsEarlyStopped"),
    ("Running", "runningTrialList", "trialsRunning"),
    ("MetricsUnavailable", "metricsUnavailableTrialList", "trialMetricsUnavailable"),
)
_PENDING = ("pendingTrialList", "trialsPending")
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


def update(experiment: Object, trials: Sequence[Object], *, wrong: bool = False) -> None:
    """Bring the status up to its trials; with `wrong`, the worst one is called the best."""
    reached = _summarise(experiment, trials, wrong=wrong)
    if not is_completed(experiment):
        _conclude(experiment, reached=reached)


def _summarise(experiment: Object, trials: Sequence[Object], *, wrong: bool) -> bool:
    """Lists, counts and the best trial; whether the goal is reached."""
    status, lists = experiment["status"], dict[str, list[str]]()
    for trial in trials:
        true = true_ones(trial)
        field = next((field for kind, field, _ in _LISTS if kind in true), _PENDING[0])
        lists.setdefault(field, []).append(trial["metadata"]["name"])
    for field, number_of in (*((one[1], one[2]) for one in _LISTS), _PENDING):
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
    objective: Object, trials: Sequence[Object], *, wrong: bool
) -> tuple[Object | None, bool]:
    """All trials count that have a value, whatever they came to; of equal ones the first is best.

    A value that is no number makes its trial the best so far.
    """
    kind, goal = objective.get("type"), objective.get("goal")
    best: Object | None = None
    best_value, reached = 0.0, False
    chosen: tuple[float, Object] | None = None
    for trial in trials:
        text = objective_value(trial)
        if text == UNAVAILABLE:
            continue
        value = number(text)
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
