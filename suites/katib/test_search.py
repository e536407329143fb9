"""A random search: each of its numbers agrees with what its trials are known to compute."""

import pytest

from pytest_kubeflow import KatibExperiment, KatibUI, Trial

from .objective import ADDITIONAL, METRIC, accuracy

pytestmark = [
    pytest.mark.kf_requires("katib"),
    pytest.mark.kf_images(algorithms=["random"], early_stopping=[], collectors=["StdOut"]),
]

TRIALS, PARALLEL = 12, 3
ROOM = 1e-9


@pytest.fixture
def searched(search: KatibExperiment) -> KatibExperiment:
    """The search after its end."""
    return search.wait()


def expected(trial: Trial) -> dict[str, float]:
    """What a trial with these values computes."""
    values = trial.values
    return accuracy(values["lr"], values["num-layers"], values["optimizer"])


def test_it_makes_as_many_trials_as_it_may(searched: KatibExperiment) -> None:
    """An experiment makes maxTrialCount trials, and all succeed."""
    state = searched.state
    message = f"Experiment {searched.name}: {state.describe()}"
    assert state.reason == "ExperimentMaxTrialsReached", message
    trials = searched.trials
    assert len(trials) == TRIALS, f"{len(trials)} trials instead of {TRIALS}; {message}"
    assert {one.state for one in trials} == {"Succeeded"}, message
    assert (state.trials, state.count("trialsSucceeded")) == (TRIALS, TRIALS), message


def test_values_are_of_the_search_space(searched: KatibExperiment) -> None:
    """Parameters of all trials are in the search space, and differ."""
    trials = searched.trials
    outside = [one.outside for one in trials if one.outside]
    assert not outside, f"values that nobody asked for: {'; '.join(outside)}"
    different = {tuple(sorted(one.assignments.items())) for one in trials}
    assert len(different) > 1, f"all trials of a random search have the values {different}"


def test_observations_are_what_the_trials_compute(searched: KatibExperiment) -> None:
    """The metrics in the status of trials are what the trials compute."""
    for trial in searched.trials:
        for metric, value in expected(trial).items():
            found = trial.metrics.get(metric)
            assert found == pytest.approx(value, abs=ROOM), (
                f"{metric} of trial {trial.name} is {found} in its status; with "
                f"{trial.assignments} it is {value}"
            )


@pytest.mark.usefixtures("katib_ui")
def test_the_database_has_what_the_trials_compute(searched: KatibExperiment) -> None:
    """The metrics in Katib's database are what the trials compute."""
    rows = searched.database()
    trials = searched.trials
    missing = [one.name for one in trials if one.name not in rows]
    assert not missing, f"the database has nothing of {', '.join(missing)}"
    for trial in trials:
        for metric, value in expected(trial).items():
            found = rows[trial.name].get(metric)
            assert found == pytest.approx(value, abs=ROOM), (
                f"{metric} of trial {trial.name} is {found} in the database; with "
                f"{trial.assignments} it is {value}"
            )


def test_logs_have_what_the_trials_compute(searched: KatibExperiment) -> None:
    """The metrics in the logs of trials are what the trials compute."""
    for trial in searched.trials:
        logged = searched.logged(trial)
        for metric, value in expected(trial).items():
            assert logged[metric] == pytest.approx([value], abs=ROOM), (
                f"{metric} of trial {trial.name} is {logged[metric]} in its log; with "
                f"{trial.assignments} it is {value}"
            )


def test_the_best_trial_is_the_best(searched: KatibExperiment) -> None:
    """The currentOptimalTrial is the best trial, with its own values and metrics."""
    known = {one.name: expected(one) for one in searched.trials}
    best = max(known.values(), key=lambda one: one[METRIC])
    named = searched.optimal
    assert named is not None, "the experiment names no best trial"
    message = f"the best trial is said to be {named.name}"
    assert named.name in known, f"{message}, which is none of {', '.join(known)}"
    assert known[named.name][METRIC] == pytest.approx(best[METRIC], abs=ROOM), (
        f"{message} with {METRIC} {known[named.name][METRIC]}, and another one has {best[METRIC]}"
    )
    own = next(one for one in searched.trials if one.name == named.name)
    assert named.assignments == own.assignments, f"{message}, with values that are another trial's"
    for metric in (METRIC, ADDITIONAL):
        found = named.metrics.get(metric)
        assert found == pytest.approx(known[named.name][metric], abs=ROOM), (
            f"{message}, with {metric} {found} instead of {known[named.name][metric]}"
        )


def test_no_more_trials_run_at_once_than_wanted(searched: KatibExperiment) -> None:
    """Trials run in parallel, and never more than parallelTrialCount."""
    watch = searched.watch
    message = f"{watch.most} trials were active at once ({', '.join(watch.at_most)})"
    assert watch.most <= PARALLEL, f"{message}, and {PARALLEL} are allowed"
    assert watch.most > 1, f"{message}: the trials ran one after the other"


def test_its_suggestion_service_is_gone(searched: KatibExperiment) -> None:
    """The suggestion's Deployment and Service are removed after the experiment."""
    searched.wait_cleaned()


def test_the_web_app_lists_it(searched: KatibExperiment, katib_ui: KatibUI) -> None:
    """Katib's UI lists the experiment with its status and its best trial."""
    listed = {one["name"]: one for one in katib_ui.experiments(searched.namespace)}
    assert searched.name in listed, f"Katib's web app does not list Experiment {searched.name}"
    row = listed[searched.name]
    assert (row["status"], row["type"]) == ("Succeeded", "hp")
    assert row["currentOptimalTrial"]["bestTrialName"] == getattr(searched.optimal, "name", None)
