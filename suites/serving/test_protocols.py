"""Both protocols tell the same, and say what they serve and how it is."""

import pytest

from .conftest import Iris

pytestmark = [
    pytest.mark.kf_requires("kserve"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
]


def test_protocols_agree(iris: Iris) -> None:
    """The V1 and V2 protocols give the same predictions."""
    predictor = iris.service.predictor()
    assert predictor.predict(iris.rows) == iris.predictions
    tensor = predictor.infer_tensor(iris.rows)
    assert list(tensor.data) == iris.predictions
    assert tensor.datatype.startswith("INT")  # labels are numbers of species
    assert tensor.shape[0] == len(iris.rows)


def test_health_and_metadata(iris: Iris) -> None:
    """The V2 protocol tells health and metadata of server and model."""
    predictor = iris.service.predictor()
    assert predictor.is_ready()
    assert predictor.is_model_ready()
    assert predictor.is_live()
    assert predictor.is_server_ready()
    assert predictor.metadata()["name"] == iris.service.name
    assert predictor.server_metadata()["name"]
