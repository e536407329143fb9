"""What the tests of serving share: pipelines for this cluster, and one model that it serves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_kubeflow import (
    Bucket,
    InferenceService,
    KubeflowConfig,
    KubeflowError,
    PipelineRun,
    PipelineRunner,
    RunFailed,
    ServiceDeployer,
    begin,
    model_uri,
    skip_for,
)

from .. import package_index
from .iris_pipeline import PipelineImages

_BROKEN = b"\xff this was never a model"

Deploy = Callable[[InferenceService, int], PipelineRun]


@dataclass(frozen=True)
class Trained:
    """A model, and what its pipeline tells of it.

    `rows` are flowers that it has not seen, `labels` their species, and `predictions` what the
    model itself said of them, where it was trained.
    """

    uri: str
    rows: list[list[float]]
    labels: list[int]
    predictions: list[int]
    season: int = 0
    """The number of Iris setosa, the first species in the first season."""

    @classmethod
    def by(cls, run: PipelineRun, season: int) -> "Trained":
        """The model that `run` has trained."""
        task = run.task("train")
        found: Mapping[str, Any] = task.outputs
        uri = model_uri(task.artifacts["model"].uri)
        return cls(uri, found["rows"], found["labels"], found["predictions"], season)


@dataclass
class Iris:
    """A service, and the models that pipelines have put there; the last one is served."""

    service: InferenceService
    models: list[Trained] = field(default_factory=list)

    def has_got(self, run: PipelineRun, season: int = 0) -> None:
        """Remember that `run` has deployed another model, of this season."""
        self.models.append(Trained.by(run, season))

    @property
    def uri(self) -> str:
        """Where the model is that is served."""
        return self.models[-1].uri

    @property
    def rows(self) -> list[list[float]]:
        """Flowers that it has not seen."""
        return self.models[-1].rows

    @property
    def labels(self) -> list[int]:
        """Their species."""
        return self.models[-1].labels

    @property
    def setosa(self) -> int:
        """The number of Iris setosa among them."""
        return self.models[-1].season

    @property
    def predictions(self) -> list[int]:
        """What it says of them."""
        return self.models[-1].predictions


@dataclass
class TrainedModels:
    """What was made for all tests, or why it could not be: that is not tried twice."""

    iris: Iris | None = None
    failure: KubeflowError | None = None


@pytest.fixture(scope="session")
def shelf() -> TrainedModels:
    """Empty at first."""
    return TrainedModels()


@pytest.fixture
def deploy(run_pipeline: PipelineRunner, kf_config: KubeflowConfig) -> Deploy:
    """Runs the pipeline for a service and a season.

    Skips where its components can get their packages nowhere.
    """
    serving = kf_config.serving
    if kf_config.images.offline and serving.image is None:
        skip_for(
            "package-index",
            "components install nothing (--kf-offline): give --kf-sklearn-image, which has "
            "scikit-learn, joblib, kserve and kfp",
        )
    kit = PipelineImages(serving.image, serving.packages, serving.index_urls)

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
            found = package_index.OF_COMPONENTS.search(error.full_text)
            if found is None or serving.image:
                raise
            reason = found[0]
        skip_for(
            "package-index",
            f"components cannot install scikit-learn and kserve ({reason}): "
            "give --kf-sklearn-image, or an index with --kf-pip-index-url",
        )

    return run


@pytest.fixture
def iris(shelf: TrainedModels, shared_inference_service: ServiceDeployer, deploy: Deploy) -> Iris:
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
            shelf.iris = Iris(service)
            shelf.iris.has_got(run)
        except KubeflowError as error:
            shelf.failure = error
            raise
    return shelf.iris


@pytest.fixture(scope="session")
def broken(
    shared_minio_bucket: Bucket, shared_inference_service: ServiceDeployer
) -> InferenceService:
    """A service whose model is none. It takes its time until that is clear: nobody has waited."""
    shared_minio_bucket.put("broken/model.joblib", _BROKEN)
    return shared_inference_service(f"s3://{shared_minio_bucket.path}/broken", wait=False)


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest) -> None:
    """Begins what takes its time before the first test, if it is needed.

    What goes wrong then is the matter of the test that needs it, which is told the same.
    """
    begin(request, ["broken"])


@pytest.fixture
def revisions(iris: Iris, inference_service: ServiceDeployer) -> ServiceDeployer:
    """`inference_service` where it makes revisions; skips where it does not."""
    mode = iris.service.mode
    if mode != "Knative":
        skip_for(
            "knative",
            f"InferenceServices run in mode {mode}, which knows no revisions: "
            "--kf-serving-mode=Knative (or Serverless, below 0.16), where there is Knative",
        )
    return inference_service
