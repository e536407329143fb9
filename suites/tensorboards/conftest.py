"""What the tests of TensorBoards share: logs of a training on a claim, and what shows them."""

import time

import pytest

from pytest_kubeflow import Tensorboard, TensorboardCreator, Volume, VolumeFactory, event_file

LOSSES = [(step, 1.0 / (step + 3)) for step in range(25)]
ACCURACIES = [(step, 1.0 - 2.0 ** -(step + 1)) for step in range(0, 25, 5)]


@pytest.fixture(scope="session")
def training(shared_seeded_pvc: VolumeFactory) -> Volume:
    """A claim on which a pod has written what a training records, in a run of its own."""
    began = time.time()
    content = event_file({"loss": LOSSES, "accuracy/validation": ACCURACIES}, began=began)
    return shared_seeded_pvc({f"logs/train/events.out.tfevents.{int(began)}.training": content})


@pytest.fixture(scope="session")
def board(shared_tensorboard: TensorboardCreator, training: Volume) -> Tensorboard:
    """A TensorBoard of these logs, which was made by the web app."""
    return shared_tensorboard(f"pvc://{training.name}/logs")
