"""What the tests of the loop share: data, runs, one service; begun before the first test."""

from collections.abc import Callable

import pytest

from pytest_kubeflow import (
    Bucket,
    InferenceService,
    KubeflowConfig,
    ModelRegistry,
    PipelineRunner,
    ServiceDeployer,
    begin,
)

from .digits import Digits
from .loop import Loop, Trained
from .names import BucketNames, Names, RegistryNames, served
from .pipeline import loop_pipeline
from .replacing import Replacement, replace_and_roll_back

BEGUN = ("first", "second_begun", "poisoned_begun", "service_begun")
"""What takes its time, in the order in which it is begun."""


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest) -> None:
    """Begin what the selected tests need: the second runs, while the first model is deployed."""
    begin(request, BEGUN)


@pytest.fixture(scope="session")
def digits() -> Digits:
    """The data, and what is known of them."""
    return Digits.load()


@pytest.fixture(scope="session")
def names(request: pytest.FixtureRequest) -> Names:
    """Who names the model that is to be served: the registry, or the bucket if there is none."""
    try:
        registry: ModelRegistry = request.getfixturevalue("shared_model_registry")
    except pytest.skip.Exception:
        bucket: Bucket = request.getfixturevalue("shared_minio_bucket")
        return BucketNames(bucket)
    return RegistryNames(registry)


@pytest.fixture(scope="session")
def loop(
    digits: Digits,
    names: Names,
    shared_minio_bucket: Bucket,
    shared_run_pipeline: PipelineRunner,
    kf_config: KubeflowConfig,
) -> Loop:
    """The loop before its first run; the held-out rows are in the bucket."""
    serving = kf_config.serving
    pipeline = loop_pipeline(serving.image, serving.packages, serving.index_urls)
    return Loop(pipeline, shared_run_pipeline, names, shared_minio_bucket, digits)


@pytest.fixture(scope="session")
def first(loop: Loop, digits: Digits) -> Trained:
    """The first model, trained with half of the data."""
    loop.begin("v1", loop.arrive("train-1", digits.first.csv()), 0.0)
    return loop.trained("v1")


@pytest.fixture(scope="session")
def second_begun(first: Trained, loop: Loop, digits: Digits) -> str:
    """More data have arrived, and a run trains with them."""
    version = "v2"
    loop.begin(version, loop.arrive("train-2", digits.second.csv()), loop.baseline(first))
    return version


@pytest.fixture(scope="session")
def second(second_begun: str, loop: Loop) -> Trained:
    """The second model."""
    return loop.trained(second_begun)


@pytest.fixture(scope="session")
def poisoned_begun(first: Trained, loop: Loop, digits: Digits) -> str:
    """Data whose labels are shuffled have arrived, and a run trains with them."""
    version = "v3"
    loop.begin(version, loop.arrive("train-3", digits.poisoned.csv()), loop.baseline(first))
    return version


@pytest.fixture(scope="session")
def poisoned(poisoned_begun: str, loop: Loop) -> Trained:
    """The model that has learnt nonsense."""
    return loop.trained(poisoned_begun)


@pytest.fixture(scope="session")
def service_begun(
    first: Trained, names: Names, shared_inference_service: ServiceDeployer
) -> InferenceService:
    """A service of what is named, which is not waited for."""
    assert first.promoted, f"run {first.run.name} has not promoted the first model"
    return shared_inference_service(served(names).uri, wait=False)


@pytest.fixture(scope="session")
def service(service_begun: InferenceService) -> InferenceService:
    """The service, which serves the first model, before models are replaced and after it."""
    return service_begun.wait_ready()


@pytest.fixture(scope="session")
def replaced(
    service: InferenceService,
    second: Trained,
    names: Names,
    digits: Digits,
    kf_config: KubeflowConfig,
) -> Replacement:
    """What clients saw while the second model took the place of the first, and was rolled back."""

    def new() -> str:
        return served(names).uri

    def old() -> str:
        names.withdraw(second.version)
        return served(names).uri

    marked = digits.marked
    uris: tuple[Callable[[], str], Callable[[], str]] = new, old
    found = Replacement(
        old=[digits.by_first[at] for at in marked], new=[digits.by_second[at] for at in marked]
    )
    rows = [digits.held_out.pixels[at] for at in marked]
    timeout = kf_config.session.timeout
    return replace_and_roll_back(service, rows, found, uris=uris, timeout=timeout)
