"""What the tests of Katib share: experiments, begun before the first test, since each takes time.

They are made side by side and go on while others are checked. What goes wrong when one is made is
the matter of the tests that need it.
"""

import pytest

from pytest_kubeflow import (
    ExperimentCreator,
    KatibExperiment,
    KubeflowConfig,
    begin,
)

from . import objective
from .objective import ADDITIONAL, GOAL, GRID, METRIC, RATE, REGULARISATION, SPACE

BEGUN = ("search", "grid", "digits", "goal", "failing", "silent", "worsening")
"""The experiments in the order in which they are begun: the longest first."""


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest) -> None:
    """Begin those that the selected tests need."""
    begin(request, BEGUN)


@pytest.fixture(scope="session")
def search(shared_katib_experiment: ExperimentCreator) -> KatibExperiment:
    """Katib's random-example with an objective that is known: 12 trials, 3 at once."""
    return shared_katib_experiment(
        space=SPACE,
        trial=objective.accuracy,
        metric=METRIC,
        additional_metrics=[ADDITIONAL],
        goal=GOAL,
        parallel=3,
        trials=12,
        max_failed=3,
    )


@pytest.fixture(scope="session")
def grid(shared_katib_experiment: ExperimentCreator) -> KatibExperiment:
    """A grid of six points, two trials at once."""
    return shared_katib_experiment(
        space=GRID,
        trial=objective.on_grid,
        metric="accuracy",
        algorithm="grid",
        parallel=2,
        trials=6,
        max_failed=1,
    )


@pytest.fixture(scope="session")
def digits(
    shared_katib_experiment: ExperimentCreator, kf_config: KubeflowConfig
) -> KatibExperiment:
    """A real model, tuned; where no image has scikit-learn, each trial installs it."""
    serving = kf_config.serving
    return shared_katib_experiment(
        space=REGULARISATION,
        trial=objective.digits,
        metric="accuracy",
        algorithm="grid",
        parallel=3,
        trials=3,
        max_failed=1,
        image=serving.image,
        packages=() if serving.image else serving.packages,
        index_urls=serving.index_urls,
        limits={"cpu": "1", "memory": "1Gi"},
    )


@pytest.fixture(scope="session")
def goal(shared_katib_experiment: ExperimentCreator) -> KatibExperiment:
    """One whose first trial reaches the goal, of twelve that it may have."""
    return shared_katib_experiment(
        space=RATE,
        trial=objective.reaches_goal,
        metric="accuracy",
        goal=0.5,
        parallel=1,
        trials=12,
    )


@pytest.fixture(scope="session")
def failing(shared_katib_experiment: ExperimentCreator) -> KatibExperiment:
    """One whose trials all fail, of which one is allowed."""
    return shared_katib_experiment(
        space=RATE, trial=objective.fails, metric="accuracy", parallel=1, trials=4, max_failed=2
    )


@pytest.fixture(scope="session")
def silent(shared_katib_experiment: ExperimentCreator) -> KatibExperiment:
    """One whose trial reports no number."""
    return shared_katib_experiment(
        space=RATE,
        trial=objective.says_nothing,
        metric="accuracy",
        parallel=1,
        trials=1,
        max_failed=1,
    )


@pytest.fixture(scope="session")
def worsening(shared_katib_experiment: ExperimentCreator) -> KatibExperiment:
    """One whose second trial is worse than the first, with median stopping after one."""
    return shared_katib_experiment(
        space=RATE,
        trial=objective.gets_worse,
        metric="accuracy",
        early_stopping={"min_trials_required": "1", "start_step": "2"},
        parallel=1,
        trials=2,
        max_failed=1,
    )
