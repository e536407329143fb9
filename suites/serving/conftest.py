"""What the tests of serving share: pipelines for this cluster, and one model that it serves."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_kubeflow import (
    InferenceService,
    KubeflowConfig,
    KubeflowError,
    PipelineRun,
    PipelineRunner,
    RunFailed,
    ServiceDeployer,
    model_uri,
)

from .iris_pipeline import Kit

# What pip says where there is no index, or none that has the package.
_NO_INDEX = re.compile(
    r"No matching distribution found|Could not find a version that satisfies|"
    r"Temporary failure in name resolution|Failed to establish a new connection"
)

Deploy = Callable[[InferenceService, int], PipelineRun]


@dataclass
class Iris:
    """A service, and what the pipeline has told of the model that it put there last."""

    service: InferenceService
    run: PipelineRun
    outputs: Mapping[str, Any]
    uri: str

    def has_got(self, run: PipelineRun) -> None:
        """Remember that `run` has deployed another model."""
        task = run.task("train")
        self.run, self.outputs = run, task.outputs
        self.uri = model_uri(task.artifacts["model"].uri)

    @property
    def rows(self) -> list[list[float]]:
        """Flowers that the model has not seen."""
        rows: list[list[float]] = self.outputs["rows"]
        return rows

    @property
    def labels(self) -> list[int]:
        """Their species."""
        labels: list[int] = self.outputs["labels"]
        return labels

    @property
    def predictions(self) -> list[int]:
        """What the model itself said of them, where it was trained."""
        predictions: list[int] = self.outputs["predictions"]
        return predictions


@dataclass
class Shelf:
    """What was made for all tests, or why it could not be: that is not tried twice."""

    iris: Iris | None = None
    failure: KubeflowError | None = None


@pytest.fixture(scope="session")
def shelf() -> Shelf:
    """Empty at first."""
    return Shelf()


@pytest.fixture
def deploy(run_pipeline: PipelineRunner, kf_config: KubeflowConfig) -> Deploy:
    """Runs the pipeline for a service and a season.

    Skips where its components can get their packages nowhere.
    """
    serving = kf_config.serving
    kit = Kit(serving.image, serving.packages, serving.index_urls)

    def run(service: InferenceService, season: int = 0) -> PipelineRun:
        arguments: dict[str, object] = {
            "name": service.name,
            "namespace": service.namespace,
            "service_account": service.service_account,
            "labels": service.labels,
            "mode": serving.mode or "",
            "season": season,
        }
        try:
            return run_pipeline(kit.serving(), arguments=arguments)
        except RunFailed as error:
            told = _NO_INDEX.search(str(error))
            if told is None or serving.image or "kserve" in kf_config.session.require:
                raise
            reason = told[0]
        pytest.skip(
            f"components cannot install scikit-learn and kserve ({reason}): "
            "give --kf-sklearn-image, or an index with --kf-pip-index-url"
        )

    return run


@pytest.fixture
def iris(shelf: Shelf, shared_inference_service: ServiceDeployer, deploy: Deploy) -> Iris:
    """A model that a pipeline has trained and deployed, once for all tests.

    It was trained on this cluster, so its scikit-learn is that of the cluster's images.
    """
    if shelf.failure is not None:
        raise shelf.failure
    if shelf.iris is None:
        service = shared_inference_service.expect("iris")
        try:
            run = deploy(service, 0)
            service.wait_ready()
            shelf.iris = Iris(service, run, {}, "")
            shelf.iris.has_got(run)
        except KubeflowError as error:
            shelf.failure = error
            raise
    return shelf.iris
