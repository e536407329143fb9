"""Nothing is left of an experiment that was deleted, not even of one that still ran."""

import pytest

from pytest_kubeflow import (
    Deadline,
    ExperimentCreator,
    KatibUI,
    KatibUIRefused,
    KubeflowConfig,
    NotFound,
    wait_until,
)

from .objective import RATE, gets_worse

pytestmark = [
    pytest.mark.kf_requires("katib"),
    pytest.mark.kf_images(algorithms=["random"], early_stopping=[], collectors=["StdOut"]),
]


def test_nothing_is_left(
    katib_experiment: ExperimentCreator, katib_ui: KatibUI, kf_config: KubeflowConfig
) -> None:
    """Deleting an experiment whose trial runs leaves no object, no log and no observation."""
    made = katib_experiment(
        space=RATE, trial=gets_worse, metric="accuracy", parallel=1, trials=2, max_failed=1
    )
    (trial,) = wait_until(
        lambda: [one for one in made.trials if one.state == "Running"],
        bool,
        deadline=Deadline.after(kf_config.session.timeout),
        what=f"a trial of Experiment {made.name} to run",
        evidence=made.evidence,
    )
    assert made.remains(), "there is something to be removed"
    made.delete()
    left = made.remains()
    assert not left, f"left of Experiment {made.name}: {', '.join(left)}"
    for ask in (made.reported, lambda one: katib_ui.log(made.namespace, one.name)):
        with pytest.raises((NotFound, KatibUIRefused)):
            ask(trial)
