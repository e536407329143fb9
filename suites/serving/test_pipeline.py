"""A pipeline trains a model and serves it; with new data, it does so again."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest

from pytest_kubeflow import Deadline, InferenceService, KubeflowError, PipelineRun, wait_until

from .conftest import Iris

pytestmark = [
    pytest.mark.kf_requires("kserve"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
]

ACCURACY = 0.9
"""Of iris flowers; guessing gives a third."""

HELD_OUT = 50
"""A third of the 150 iris flowers."""

SETTLING = 30.0
"""Seconds in which the gateway may still know the old pods."""

ANSWERS = 10
"""So many answers in a row must be the new model's."""


class LoadClient:
    """Asks all the time; every answer counts, and so does every refusal."""

    def __init__(self, service: InferenceService, rows: list[list[float]]) -> None:
        self._predictor = service.predictor(patient=False)
        self._rows = rows
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.answers: deque[list[Any]] = deque()
        self.refusals: list[str] = []

    def __enter__(self) -> "LoadClient":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(0.05):
            try:
                self.answers.append(self._predictor.predict(self._rows))
            except KubeflowError as error:
                self.refusals.append(error.message)

    def has_only(self, answer: list[int]) -> bool:
        """Whether the last answers were all this one."""
        last = list(self.answers)[-ANSWERS:]
        return len(last) == ANSWERS and all(one == answer for one in last)


def test_what_was_trained_is_served(iris: Iris) -> None:
    """A model that a pipeline trained and deployed predicts what it predicted in training."""
    answers = iris.service.predictor().predict(iris.rows)
    assert answers == iris.predictions
    # What is known of these flowers without a model: petals below 2.5 cm are those of Iris setosa.
    assert len(iris.rows) == HELD_OUT
    setosa = [row[2] < 2.5 for row in iris.rows]
    assert [label == iris.setosa for label in iris.labels] == setosa
    assert [answer == iris.setosa for answer in answers] == setosa
    right = sum(answer == label for answer, label in zip(answers, iris.labels, strict=True))
    assert right / len(answers) >= ACCURACY


def test_retrained_model_replaces_the_old_one(
    iris: Iris, deploy: Callable[[InferenceService, int], PipelineRun]
) -> None:
    """A retrained model replaces the old one, and no request fails meanwhile."""
    service, rows, before = iris.service, iris.rows, iris.predictions
    assert service.predictor().predict(rows) == before

    with LoadClient(service, rows) as customer:
        # The same flowers, by other numbers: no answer of one model is right for the other.
        iris.has_got(deploy(service, 1), 1)
        assert iris.rows == rows
        assert not any(one == other for one, other in zip(before, iris.predictions, strict=True))
        service.wait_ready()
        wait_until(
            lambda: (customer.has_only(iris.predictions), customer.refusals[:1]),
            lambda state: state[0],
            deadline=Deadline.after(SETTLING),
            what="the new model to be the one that answers",
        )
    count, refused = len(customer.answers), customer.refusals
    message = (
        f"while the model was replaced, {len(refused)} of {count + len(refused)} requests failed"
    )
    assert refused == [], f"{message}, the first with: {refused[0]}"
    assert all(answer in (before, iris.predictions) for answer in customer.answers)
