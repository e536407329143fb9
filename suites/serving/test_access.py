"""A served model answers its owner, and nobody else."""

import json
from collections.abc import Mapping

import pytest

from pytest_kubeflow import PredictorResponse

from .conftest import Iris

pytestmark = [
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
    pytest.mark.kf_requires("kserve"),
    pytest.mark.usefixtures("predictor_gateway"),
]

REFUSED = {301, 302, 303, 307, 401, 403}
"""A refusal, or the way to a login."""


def assert_refused(iris: Iris, who: str, answer: PredictorResponse) -> None:
    """Nobody but the owner gets a prediction."""
    where = f"InferenceService {iris.service.namespace}/{iris.service.name}"
    message = f"{where} is open to all: {who} is answered {answer.status}"
    assert answer.status in REFUSED, message
    assert b"predictions" not in answer.body, message


def ask_as(iris: Iris, headers: Mapping[str, str] | None) -> PredictorResponse:
    """What somebody with only these headers gets for a request that is right otherwise."""
    stranger = iris.service.predictor(anonymous=True, headers=headers, patient=False)
    body = json.dumps({"instances": iris.rows}).encode()
    return stranger.ask("POST", f"/v1/models/{iris.service.name}:predict", body)


def test_strangers_without_credentials_are_refused(iris: Iris) -> None:
    # The owner first: a route that works for nobody proves nothing.
    """A predictor answers its owner, and nobody without credentials."""
    assert iris.service.predictor().predict(iris.rows) == iris.predictions
    assert_refused(iris, "an unauthenticated client", ask_as(iris, None))
    assert iris.service.predictor(patient=False).predict(iris.rows) == iris.predictions


def test_other_namespaces_are_refused(iris: Iris, foreign_headers: Mapping[str, str]) -> None:
    """A predictor answers its owner, and no account of another namespace."""
    assert iris.service.predictor().predict(iris.rows) == iris.predictions
    assert_refused(iris, "an account of another namespace", ask_as(iris, foreign_headers))
    assert iris.service.predictor(patient=False).predict(iris.rows) == iris.predictions
