"""Knative mode: to zero and back, a canary that is promoted, and one that is taken back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.serving.deployer import ServiceDeployer
from pytest_kubeflow.serving.errors import ServiceFailed
from pytest_kubeflow.serving.service import InferenceService
from pytest_kubeflow.waiting import Deadline, wait_until
from tests.serving.embedded import OTHER_SAYS, ROWS, SAYS

WINDOW = {"autoscaling.knative.dev/window": "6s"}
ASKED = 200


Deploy = Callable[[int], InferenceService]


@pytest.fixture
def deploy(deployer: ServiceDeployer, bucket: Bucket) -> Iterator[Deploy]:
    """Makes a service of revisions, with this many pods at least."""
    made = []

    def make(least: int) -> InferenceService:
        uri = f"s3://{bucket.path}/iris"
        made.append(deployer(uri, mode="Knative", min_replicas=least, annotations=WINDOW))
        return made[-1]

    yield make
    for one in made:
        one.delete()


def shares(service: InferenceService) -> dict[int, int]:
    """Percent of requests by the number of the revision."""
    return {int(name[-5:]): percent for name, percent in service.state.traffic.items()}


def wait_shares(service: InferenceService, wanted: dict[int, int]) -> None:
    wait_until(
        lambda: shares(service),
        lambda seen: {number: part for number, part in seen.items() if part} == wanted,
        deadline=Deadline.after(60),
        what=f"requests to be shared as {wanted}",
    )


def answers(service: InferenceService, asked: int = 20) -> dict[str, int]:
    """How many requests each of the two models answers; no other response is allowed."""
    predictor = service.predictor()
    names = {str(SAYS): "old", str(OTHER_SAYS): "new"}
    return dict(Counter(names[str(predictor.predict(ROWS))] for _ in range(asked)))


def test_idle_service_comes_back(deploy: Deploy) -> None:
    service = deploy(0)
    assert service.mode == "Knative"
    assert service.predictor().predict(ROWS) == SAYS
    service.wait_idle()
    assert service.is_ready
    with pytest.raises(NotFound, match="has no pod to ask"):
        service.predictor(ingress="port-forward").predict(ROWS)
    # The first request waits for a pod, and is answered like any other.
    assert service.predictor(patient=False).predict(ROWS) == SAYS
    service.scale(1, 2).wait_ready()
    assert service.state.latest_ready.endswith("-00002")
    assert service.predictor().predict(ROWS) == SAYS


def test_canary_is_promoted_and_taken_back(deploy: Deploy, bucket: Bucket) -> None:
    service = deploy(1)
    assert answers(service) == {"old": 20}
    service.update(f"s3://{bucket.path}/other", canary=30).wait_ready()
    wait_shares(service, {2: 30, 1: 70})
    found = answers(service, ASKED)
    # Five times the deviation of as many throws of a coin that falls so.
    assert abs(found["new"] - 0.3 * ASKED) < 33, found

    service.roll_back()
    wait_shares(service, {1: 100})
    assert answers(service) == {"old": 20}

    service.promote()
    wait_shares(service, {2: 100})
    assert answers(service) == {"new": 20}

    service.roll_back()
    wait_shares(service, {1: 100})
    assert answers(service) == {"old": 20}


def test_standard_mode_has_none_of_that(iris: InferenceService, bucket: Bucket) -> None:
    generation = iris.state.generation
    changes: list[Callable[[], object]] = [
        lambda: iris.scale(0),
        lambda: iris.update(f"s3://{bucket.path}/other", canary=30),
        iris.roll_back,
    ]
    for change in changes:
        with pytest.raises(ServiceFailed, match="runs in mode Standard: "):
            change()
    assert iris.state.generation == generation
