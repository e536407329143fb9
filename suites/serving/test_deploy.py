"""A model from a bucket is served; what is no model never gets ready."""

import re
from typing import Any

import pytest

from pytest_kubeflow import Bucket, InferenceService, ServiceDeployer, ServiceFailed

from .conftest import Iris

pytestmark = [
    pytest.mark.kf_requires("kserve"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11")),
]


def fetch(client: Any, uri: str) -> bytes:
    """The content of the object at `uri`."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    response = client.get_object(bucket, key)
    try:
        content: bytes = response.read()
    finally:
        response.close()
        response.release_conn()
    return content


def test_model_from_bucket(
    iris: Iris, minio_client: Any, minio_bucket: Bucket, inference_service: ServiceDeployer
) -> None:
    # Trained on the cluster: one of another scikit-learn than its model server's may not load.
    """A model from a bucket is served, and predicts what it predicted in training."""
    minio_bucket.put("iris/model.joblib", fetch(minio_client, f"{iris.uri}/model.joblib"))
    service = inference_service(f"s3://{minio_bucket.path}/iris")
    assert service.predictor().predict(iris.rows) == iris.predictions


def test_broken_model_is_never_ready(broken: InferenceService) -> None:
    """A model that does not load never becomes ready, and the server's log says why."""
    with pytest.raises(ServiceFailed) as failure:
        broken.wait_ready()
    state, name = broken.state, f"InferenceService {broken.namespace}/{broken.name}"
    message = f"{name} says {state.describe()}, and its model does not load"
    assert not state.says_ready, message
    assert not broken.is_ready
    # What joblib says of it, in the log of the container that serves.
    message = failure.value.full_text
    nowhere = f"nothing tells why the model of {name} does not load"
    assert "log of kserve-container" in message, f"{nowhere}: there is no log of kserve-container"
    is_named = re.search(r"KeyError: 255|UnpicklingError|invalid load key", message)
    assert is_named, f"{nowhere}: the log of kserve-container has no error of joblib's"
