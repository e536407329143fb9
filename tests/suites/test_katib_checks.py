"""The checks of Katib are red for what no fault of a cluster shows: wrong numbers, leftovers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_kubeflow import (
    DiscreteParameter,
    ExperimentCreator,
    KatibExperiment,
    KatibUI,
    KubeflowConfig,
    NotFound,
)
from pytest_kubeflow.katib.search_space import SearchParameter
from pytest_kubeflow.katib.state import ExperimentState
from pytest_kubeflow.katib.trial import Trial
from suites.katib import test_deletion as deletion_checks
from suites.katib import test_digits as digits_checks
from suites.katib import test_endings as ending_checks
from suites.katib import test_search as search_checks
from suites.katib.objective import SPACE, accuracy

TRIAL = Trial(
    {
        "metadata": {"name": "tuned-a"},
        "status": {"conditions": [{"type": "Running", "status": "True"}]},
    },
    {},
)


class Experiment:
    """One of which `left` is still there after it was deleted."""

    name, namespace = "tuned", "team"

    def __init__(self, *left: str, rows: bool = False) -> None:
        self._left, self._rows = left, rows
        self._deleted = False
        self.trials = [TRIAL]

    def evidence(self) -> None:
        return None

    def remains(self) -> list[str]:
        return list(self._left) if self._deleted else ["the Experiment itself"]

    def delete(self) -> None:
        self._deleted = True

    def reported(self, _: Trial) -> list[Any]:
        if self._rows:
            return [("accuracy", "", "0.5")]
        raise NotFound("not found")


def check(*left: str, rows: bool = False) -> None:
    """Delete an experiment that leaves this."""
    experiment = Experiment(*left, rows=rows)
    creator = cast(ExperimentCreator, lambda **_: experiment)

    def log(*_: str) -> str:
        raise NotFound("not found")

    deletion_checks.test_nothing_is_left(
        creator, cast(KatibUI, SimpleNamespace(log=log)), KubeflowConfig()
    )


def test_what_is_left_is_seen() -> None:
    check()
    with pytest.raises(
        AssertionError, match=r"left of Experiment tuned: Job tuned-a, pod tuned-a-x"
    ):
        check("Job tuned-a", "pod tuned-a-x")
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check(rows=True)


def trial(
    metrics: dict[str, float],
    values: dict[str, str],
    space: dict[str, SearchParameter],
    name: str = "tuned-a",
) -> Trial:
    """One that has succeeded, with these metrics."""
    observed = [
        {"name": metric, **dict.fromkeys(("min", "max", "latest"), str(value))}
        for metric, value in metrics.items()
    ]
    return Trial(
        {
            "metadata": {"name": name},
            "spec": {"parameterAssignments": [{"name": k, "value": v} for k, v in values.items()]},
            "status": {
                "conditions": [{"type": "Succeeded", "status": "True"}],
                "observation": {"metrics": observed},
            },
        },
        space,
    )


VALUES = {"lr": "0.02", "num-layers": "4", "optimizer": "adam"}
RIGHT = accuracy(0.02, 4, "adam")
WRONG = {**RIGHT, "Train-accuracy": 0.5}


def searched(
    *, status: dict[str, float] | None = None, rows: Any = None, logged: Any = None
) -> KatibExperiment:
    """A search of one trial, which says this in its status, in the database and in its log."""
    one = trial(status or RIGHT, VALUES, SPACE)
    found = SimpleNamespace(
        name="tuned",
        trials=[one],
        database=lambda: {"tuned-a": RIGHT} if rows is None else rows,
        logged=lambda _: {name: [value] for name, value in (logged or RIGHT).items()},
    )
    return cast(KatibExperiment, found)


def test_wrong_numbers_are_seen() -> None:
    observed = search_checks.test_observations_are_what_the_trials_compute
    stored = search_checks.test_the_database_has_what_the_trials_compute
    logged = search_checks.test_logs_have_what_the_trials_compute
    for each in (observed, stored, logged):
        each(searched())
    with pytest.raises(
        AssertionError, match=r"Train-accuracy of trial tuned-a is 0\.5 in its stat"
    ):
        observed(searched(status=WRONG))
    with pytest.raises(
        AssertionError, match=r"Train-accuracy of trial tuned-a is 0\.5 in the data"
    ):
        stored(searched(rows={"tuned-a": WRONG}))
    with pytest.raises(AssertionError, match="the database has nothing of tuned-a"):
        stored(searched(rows={}))
    with pytest.raises(AssertionError, match=r"Train-accuracy of trial tuned-a is \[0\.5\] in its"):
        logged(searched(logged=WRONG))


def test_one_trial_more_is_seen() -> None:
    made = {f"tuned-{at}": trial(RIGHT, VALUES, SPACE, f"tuned-{at}") for at in range(13)}
    reached = {"type": "Succeeded", "status": "True", "reason": "ExperimentMaxTrialsReached"}

    def after(count: int) -> KatibExperiment:
        status = {"conditions": [reached], "trials": count, "trialsSucceeded": count}
        spec = {"maxTrialCount": 12}
        state = ExperimentState({"metadata": {"name": "tuned"}, "spec": spec, "status": status})
        trials = list(made.values())[:count]
        return cast(KatibExperiment, SimpleNamespace(name="tuned", state=state, trials=trials))

    check = search_checks.test_it_makes_as_many_trials_as_it_may
    check(after(12))
    with pytest.raises(AssertionError, match="13 trials instead of 12"):
        check(after(13))


def test_equal_values_are_seen() -> None:
    check = search_checks.test_values_are_of_the_search_space
    with pytest.raises(AssertionError, match="all trials of a random search have the values"):
        check(searched())


def tuned(values: dict[float, float]) -> KatibExperiment:
    """Digits, with these accuracies by regularisation."""
    space: dict[str, SearchParameter] = {"c": DiscreteParameter((0.0001, 0.01, 1.0))}
    trials = [
        trial({"accuracy": value}, {"c": repr(c)}, space, f"tuned-{at}")
        for at, (c, value) in enumerate(values.items())
    ]
    best = SimpleNamespace(metrics={"accuracy": max(values.values())})
    return cast(KatibExperiment, SimpleNamespace(wait=lambda: None, trials=trials, optimal=best))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({0.0001: 0.2, 0.01: 0.8, 1.0: 0.85}, "the best model is right for 0.85 of the digits"),
        ({0.0001: 0.95, 0.01: 0.95, 1.0: 0.95}, "no model is better than another"),
        ({0.0001: 0.2, 0.01: 0.95}, "models were trained for"),
    ],
)
def test_models_that_are_not_tuned(values: dict[float, float], message: str) -> None:
    check = digits_checks.test_the_best_model_is_good_and_better_than_the_worst
    check(tuned({0.0001: 0.2, 0.01: 0.8, 1.0: 0.95}))
    with pytest.raises(AssertionError, match=message):
        check(tuned(values))


def test_a_goal_that_ends_nothing() -> None:
    check = ending_checks.test_a_goal_ends_it_early

    def ended(reason: str, trials: int) -> KatibExperiment:
        best = {"name": "accuracy", "min": "0.6", "max": "0.6", "latest": "0.6"}
        state = ExperimentState(
            {
                "metadata": {"name": "tuned"},
                "spec": {"maxTrialCount": 12, "objective": {"goal": 0.5}},
                "status": {
                    "trials": trials,
                    "conditions": [{"type": "Succeeded", "status": "True", "reason": reason}],
                    "currentOptimalTrial": {
                        "bestTrialName": "tuned-a",
                        "observation": {"metrics": [best]},
                    },
                },
            }
        )
        made = SimpleNamespace(name="tuned", wait=lambda: SimpleNamespace(state=state))
        return cast(KatibExperiment, made)

    check(ended("ExperimentGoalReached", 1))
    with pytest.raises(AssertionError, match="all trials were made although the first did"):
        check(ended("ExperimentGoalReached", 12))
    with pytest.raises(AssertionError, match="ExperimentMaxTrialsReached"):
        check(ended("ExperimentMaxTrialsReached", 12))
