"""What is served is what was trained: the accuracy through the endpoint is the pipeline's."""

import pytest

from pytest_kubeflow import InferenceService

from .digits import Digits
from .loop import Trained

pytestmark = [
    pytest.mark.kf_requires("pipelines", "kserve", "objectstore"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
]


def test_the_pipeline_measures_what_is_computed_here(first: Trained, digits: Digits) -> None:
    """The accuracy that the pipeline measures is the one that this machine computes."""
    assert first.predictions == digits.by_first, "the trained model is not the one of our data"
    right = digits.accuracy(digits.by_first)
    assert first.accuracy == right, (
        f"run {first.run.name} has measured {first.accuracy:.4f}, and {right:.4f} is right"
    )


def test_the_endpoint_is_as_accurate_as_the_pipeline_says(
    service: InferenceService, first: Trained, digits: Digits
) -> None:
    """The served model has the accuracy that the pipeline measured."""
    answers = service.predictor().predict(digits.held_out.pixels)
    accuracy = digits.accuracy(answers)
    assert accuracy == first.accuracy, (
        f"InferenceService {service.name} is right for {accuracy:.4f} of the held-out rows, and "
        f"run {first.run.name} has measured {first.accuracy:.4f}: another model is served"
    )
    assert answers == first.predictions
