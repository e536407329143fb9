"""What is asked of KServe, and what is refused before anything is made."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.serving.spec import RESOURCES, ServiceSpec, check_name, model_uri

LABELS = {"app.kubernetes.io/managed-by": "pytest-kubeflow"}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("s3://bucket/model", "s3://bucket/model"),
        ("minio://mlpipeline/v2/artifacts/x/model", "s3://mlpipeline/v2/artifacts/x/model"),
        ("pvc://claim/model", "pvc://claim/model"),
        ("gs://kfserving-examples/models/sklearn/1.0/model",) * 2,
    ],
)
def test_uris(given: str, wanted: str) -> None:
    assert model_uri(given) == wanted


@pytest.mark.parametrize(
    "given", ["", "bucket/model", "s3://", "s3:///", "ftp://host/model", "s3://a b", "/mnt/models"]
)
def test_what_is_no_uri(given: str) -> None:
    with pytest.raises(ConfigurationError, match="is no place of a model; valid: minio://"):
        model_uri(given)


def test_names() -> None:
    assert check_name("iris-1") == "iris-1"
    assert check_name("a" * 53) == "a" * 53
    with pytest.raises(ConfigurationError, match=r"too long .* has 64 characters, .* at most 63"):
        check_name("a" * 54)


@pytest.mark.parametrize("name", ["", "Iris", "1iris", "iris-", "iris.v1", "iris_1", "ïris"])
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name for an InferenceService; valid"):
        check_name(name)


def predictor(**spec: Any) -> dict[str, Any]:
    manifest = ServiceSpec(**spec).manifest("iris", "team", LABELS)
    found: dict[str, Any] = manifest["spec"]["predictor"]
    return found


def test_manifest_of_a_sklearn_model() -> None:
    spec = ServiceSpec("minio://models/iris", service_account="store", mode="Standard")
    assert spec.manifest("iris", "team", LABELS) == {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "iris",
            "namespace": "team",
            "labels": LABELS,
            "annotations": {"serving.kserve.io/deploymentMode": "Standard"},
        },
        "spec": {
            "predictor": {
                "labels": LABELS,
                "serviceAccountName": "store",
                "minReplicas": 1,
                "model": {
                    "modelFormat": {"name": "sklearn"},
                    "storageUri": "s3://models/iris",
                    "resources": {kind: dict(each) for kind, each in RESOURCES.items()},
                },
            }
        },
    }


def test_everything_else_that_can_be_asked_for() -> None:
    found = predictor(
        uri="s3://m/x",
        model_format="xgboost",
        format_version="2",
        protocol="v2",
        runtime="mine",
        min_replicas=0,
        max_replicas=3,
        resources={"limits": {"memory": "64Mi"}},
    )
    assert found["minReplicas"] == 0
    assert found["maxReplicas"] == 3
    assert found["model"] == {
        "modelFormat": {"name": "xgboost", "version": "2"},
        "protocolVersion": "v2",
        "runtime": "mine",
        "storageUri": "s3://m/x",
        "resources": {"limits": {"memory": "64Mi"}},
    }


def test_custom_container() -> None:
    found = predictor(container={"image": "mine:1", "args": ["--x"]})
    assert "model" not in found
    assert found["containers"] == [
        {"name": "kserve-container", "resources": RESOURCES, "image": "mine:1", "args": ["--x"]}
    ]


def test_no_mode_leaves_it_to_the_cluster() -> None:
    assert "annotations" not in ServiceSpec("s3://m/x").manifest("iris", "team", LABELS)["metadata"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "needs the URI of a model, or a container"),
        ({"uri": "model"}, "is no place of a model"),
        ({"uri": "s3://m/x", "min_replicas": -1}, "no service has -1 to None replicas"),
        ({"uri": "s3://m/x", "min_replicas": 0, "max_replicas": 0}, "no service has 0 to 0"),
        ({"uri": "s3://m/x", "min_replicas": 3, "max_replicas": 2}, "is more than max_replicas=2"),
    ],
)
def test_what_can_never_work(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        ServiceSpec(**spec).manifest("iris", "team", LABELS)
