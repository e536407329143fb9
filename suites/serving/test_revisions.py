"""Where Knative serves: to zero and back, and requests shared between an old and a new model."""

import pytest

from pytest_kubeflow import Deadline, InferenceService, ServiceDeployer, wait_until

from .conftest import Deploy, Iris, Trained

pytestmark = [
    pytest.mark.kf_requires("kserve"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
]

WINDOW = {"autoscaling.knative.dev/window": "6s"}
"""The shortest time without requests that Knative takes for rest."""

SETTLING = 30.0
"""Seconds in which the gateway may still share as before."""

ASKED = 60


def answers(service: InferenceService, model: Trained, asked: int = ASKED) -> list[bool]:
    """Of each of so many requests: whether `model` has answered it."""
    predictor = service.predictor()
    return [predictor.predict(model.rows) == model.predictions for _ in range(asked)]


def wait_for_all(service: InferenceService, model: Trained) -> None:
    """Wait until only `model` answers."""
    wait_until(
        lambda: answers(service, model, 10),
        all,
        deadline=Deadline.after(SETTLING),
        what="one model to be the only one that answers",
        describe=lambda seen: f"{sum(seen)} of {len(seen)} answers are its",
    )


def test_idle_service_comes_back(iris: Iris, revisions: ServiceDeployer) -> None:
    """A service that was scaled to zero answers its next request."""
    service = revisions(iris.uri, min_replicas=0, annotations=WINDOW)
    assert service.predictor().predict(iris.rows) == iris.predictions
    service.wait_idle()
    assert service.is_ready
    # The very first request waits for a pod, and is not refused.
    assert service.predictor(patient=False).predict(iris.rows) == iris.predictions


def test_canary_gets_its_share(iris: Iris, deploy: Deploy, revisions: ServiceDeployer) -> None:
    """A canary gets its share of requests, and can be rolled back and promoted."""
    if len(iris.models) == 1:
        iris.has_got(deploy(iris.service, 1), 1)
    old, new = iris.models[-2:]
    service = revisions(old.uri)
    assert all(answers(service, old, 10))
    service.update(new.uri, canary=50).wait_ready()
    wait_until(
        lambda: sorted(part for part in service.state.traffic.values() if part),
        lambda parts: parts == [50, 50],
        deadline=Deadline.after(SETTLING),
        what="requests to be shared",
    )
    wait_until(
        lambda: answers(service, new, 10),
        any,
        deadline=Deadline.after(SETTLING),
        what=f"the canary of {service.name} to answer",
        describe=lambda seen: f"none of {len(seen)} answers is its, half of them expected",
    )
    found = answers(service, new)
    # Four times the deviation of as many throws of a coin.
    assert abs(sum(found) - ASKED / 2) <= 4 * (ASKED / 4) ** 0.5, found
    service.roll_back()
    wait_for_all(service, old)
    service.promote()
    wait_for_all(service, new)
