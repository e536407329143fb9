"""How experiments end: by their goal, by failures, by silence; and trials before their time."""

import pytest

from pytest_kubeflow import KatibExperiment

pytestmark = [
    pytest.mark.kf_requires("katib"),
    pytest.mark.kf_images(algorithms=["random"], early_stopping=[], collectors=["StdOut"]),
]


def test_a_goal_ends_it_early(goal: KatibExperiment) -> None:
    """An experiment ends when a trial reaches its goal."""
    state = goal.wait().state
    message = f"Experiment {goal.name}: {state.describe()}"
    assert state.reason == "ExperimentGoalReached", message
    assert state.trials < (state.most or 0), (
        f"all trials were made although the first did; {message}"
    )
    best = state.optimal
    value = best.metrics["accuracy"] if best is not None else None
    assert value is not None, message
    assert value >= state.objective["goal"], message


def test_failing_trials_make_it_fail(failing: KatibExperiment) -> None:
    """An experiment fails after maxFailedTrialCount failed trials, and its log says why."""
    state = failing.wait(ended="Failed").state
    message = f"Experiment {failing.name}: {state.describe()}"
    assert state.reason == "ExperimentFailed", message
    assert "max failed count has reached" in state.message, message
    trials = failing.wait_trials().trials
    assert len(trials) == state.spec["maxFailedTrialCount"], message
    assert {one.state for one in trials} == {"Failed"}, message
    assert state.optimal is None, (
        f"it names a best trial, and none has reported a number; {message}"
    )
    log = failing.log(trials[0])
    assert "no model trains at a rate of" in log, f"its log does not say why it failed: {log!r}"


def test_a_trial_without_numbers_is_told(silent: KatibExperiment) -> None:
    """A trial that reports no metric is MetricsUnavailable."""
    state = silent.wait(ended="Failed").state
    (trial,) = silent.trials
    message = f"trial {trial.name} is {trial.state}: {trial.reason}"
    assert trial.state == "MetricsUnavailable", message
    assert "Metrics are not available" in trial.reason, message
    assert state.count("trialMetricsUnavailable") == 1, state.describe()
    assert trial.metrics == {"accuracy": None}, message
    assert "and told nobody how well" in silent.log(trial)


@pytest.mark.kf_images(early_stopping=["medianstop"])
def test_a_trial_that_is_worse_is_stopped_early(worsening: KatibExperiment) -> None:
    """The median rule stops the worse trial before its end."""
    worsening.wait()
    first, second = sorted(worsening.trials, key=lambda one: one.started or 0.0)
    message = f"{first.describe()}; {second.describe()}"
    assert first.state == "Succeeded", message
    assert second.state == "EarlyStopped", f"the worse trial was not stopped: {message}"
    (rule,) = second.object["spec"]["earlyStoppingRules"]
    assert (rule["name"], rule["comparison"], rule["startStep"]) == ("accuracy", "less", 2)
    ended = {one.name: len(worsening.logged(one)["accuracy"]) for one in (first, second)}
    assert ended[first.name] == 20, f"trial {first.name} reported {ended[first.name]} of 20 numbers"
    assert 2 <= ended[second.name] < 20, (
        f"trial {second.name}, which was stopped, reported {ended[second.name]} of 20 numbers"
    )
    # The rule is the mean of what the first one reported first.
    least = worsening.logged(first)["accuracy"]
    assert float(rule["value"]) == pytest.approx(sum(least[:2]) / 2, abs=0.01)
    assert worsening.state.count("trialsEarlyStopped") == 1
