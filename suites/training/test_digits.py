"""A model of digits, trained by two nodes that average their gradients, and by one."""

from typing import Any

import pytest

from pytest_kubeflow import TrainingFailed, TrainingJob, skip_for

from .. import package_index
from .conftest import NODES

pytestmark = [
    pytest.mark.kf_requires("training"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image")),
]

ROWS, HELD_OUT = 1344, 453


def models(job: TrainingJob) -> list[dict[str, Any]]:
    """What its nodes have come to, by rank; skips where they can install nothing."""
    try:
        job.wait()
    except TrainingFailed as error:
        if (found := package_index.OF_PODS.search(error.full_text)) is None:
            raise
        reason = (
            f"nodes reach no package index to install scikit-learn from ({found[0]}): name an "
            "image that has it (--kf-serving-image), or an index (--kf-index-url)"
        )
    else:
        return list(job.results().values())
    skip_for("package-index", reason)


def test_two_nodes_come_to_a_good_model(trained: TrainingJob) -> None:
    """Two nodes train a classifier of digits with at least 90 % accuracy."""
    found = models(trained)
    assert [one["rank"] for one in found] == list(range(NODES)), found
    for one in found:
        assert one["rows"] == ROWS // NODES, f"rank {one['rank']} was trained on {one['rows']} rows"
        assert len(one["guessed"]) == HELD_OUT
        assert one["accuracy"] >= 0.9, f"{trained} is right for {one['accuracy']} of the digits"


def test_two_nodes_come_to_the_model_of_one(
    trained: TrainingJob, trained_alone: TrainingJob
) -> None:
    """Two nodes train the same model as one node."""
    (alone,) = models(trained_alone)
    assert (alone["world"], alone["rows"]) == (1, ROWS), alone
    for one in models(trained):
        message = f"rank {one['rank']} of {trained} has another model than {trained_alone}"
        assert one["norm"] == pytest.approx(alone["norm"], abs=1e-9), message
        assert one["first"] == pytest.approx(alone["first"], abs=1e-9), message
        assert one["guessed"] == alone["guessed"], message
