"""Experiments of one name in two profiles do not mix."""

import pytest

from pytest_kubeflow import DoubleParameter, ExperimentCreator, KatibExperiment

from .objective import reaches_goal

pytestmark = [
    pytest.mark.kf_requires("katib"),
    pytest.mark.kf_requires("profiles"),
    pytest.mark.kf_images(algorithms=["random"], early_stopping=[], collectors=["StdOut"]),
]

NAME = "same-name"


def test_equal_names_in_two_profiles_do_not_mix(
    katib_experiment: ExperimentCreator, other_profile: str
) -> None:
    """Two experiments of one name in two profiles keep their own trials."""
    ranges = {"ours": (0.1, 0.2), "theirs": (0.3, 0.4)}
    made: dict[str, KatibExperiment] = {}
    for whose, namespace in (("ours", None), ("theirs", other_profile)):
        low, high = ranges[whose]
        made[whose] = katib_experiment(
            name=made["ours"].name if made else None,
            namespace=namespace,
            space={"lr": DoubleParameter(low, high)},
            trial=reaches_goal,
            metric="accuracy",
            parallel=1,
            trials=2,
            max_failed=1,
        )
    names: set[str] = set()
    for whose, experiment in made.items():
        trials = experiment.wait().trials
        low, high = ranges[whose]
        assert len(trials) == 2, f"{experiment} has {len(trials)} trials instead of 2"
        for trial in trials:
            rate = trial.values["lr"]
            assert low <= rate <= high, f"{experiment} has a trial with the other's: {trial.name}"
            assert trial.metrics["accuracy"] == pytest.approx(0.6 + rate, abs=1e-5)
        best = experiment.optimal
        assert best is not None
        assert best.metrics["accuracy"] == max(one.metrics["accuracy"] or 0.0 for one in trials)
        assert names.isdisjoint(one.name for one in trials), "a trial is of both experiments"
        names |= {one.name for one in trials}
