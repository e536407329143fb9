"""A model that KServe serves."""

import pytest

from pytest_kubeflow import KubeflowConfig, PipelineRunner, ServiceDeployer, Upgrade, model_uri

from ..serving.iris_pipeline import PipelineImages

before, after = (pytest.mark.kf_upgrade(phase) for phase in ("before", "after"))

pytestmark = [
    pytest.mark.kf_requires("kserve"),
    pytest.mark.kf_images(("--kf-sklearn-image", "--kf-base-image", "python:3.11"), runs=True),
]


@before
def test_leave_a_model_that_is_served(
    run_pipeline: PipelineRunner,
    inference_service: ServiceDeployer,
    kf_config: KubeflowConfig,
    upgrade: Upgrade,
) -> None:
    """Before an upgrade: leaves a model that is served."""
    serving = kf_config.serving
    kit = PipelineImages(serving.image, serving.packages, serving.index_urls)
    task = run_pipeline(kit.training(), arguments={"season": 1}).task("train")
    rows, predictions = task.outputs["rows"], task.outputs["predictions"]
    service = inference_service(model_uri(task.artifacts["model"].uri))
    assert service.predictor().predict(rows) == predictions
    upgrade.leave("service", name=service.name, rows=rows, predictions=predictions)


@after
def test_the_model_is_served_and_says_the_same(upgrade: Upgrade) -> None:
    """After it: the model is served, and predicts the same."""
    left = upgrade.left("service")
    service = upgrade.service(left["name"])
    service.wait_ready()
    found = service.predictor().predict(left["rows"])
    message = f"InferenceService {service.name} predicts something else than before"
    assert found == left["predictions"], message
