"""Each fault of serving is seen by who asks, and is gone when it is off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.local.serving.platform import (
    BUCKET,
    CLASSES,
    Platform,
    Service,
    eventually,
    iris_model,
)


@pytest.fixture(autouse=True)
def _off(platform: Platform) -> Iterator[None]:
    yield
    platform.fault()


def test_answers_are_wrong(platform: Platform, iris: Service) -> None:
    assert iris.ask().json() == {"predictions": CLASSES}
    platform.fault("predictor-wrong")
    wrong = {"predictions": [one + 1 for one in CLASSES]}
    eventually(lambda: iris.ask().json() == wrong, within=5)
    platform.fault()
    eventually(lambda: iris.ask().json() == {"predictions": CLASSES}, within=5)


def test_predictors_answer_503(platform: Platform, iris: Service) -> None:
    assert iris.ask().status_code == 200
    platform.fault("predictor-503")
    eventually(lambda: iris.ask().status_code == 503, within=5)


def test_everybody_is_let_in(platform: Platform, iris: Service) -> None:
    assert iris.ask(user="nobody").status_code == 403
    platform.fault("serving-open")
    eventually(lambda: iris.ask(user="nobody").status_code == 200, within=5)
    assert iris.ask(user="stranger").status_code == 200
    # Only predictors are open.
    answer = platform.ask("localhost", "/pipeline/apis/v2beta1/runs", user="nobody", method="GET")
    assert answer.status_code == 401


def test_services_never_become_ready(platform: Platform) -> None:
    platform.fault("serving-never-ready")
    service = platform.serve()
    eventually(lambda: [pod for pod in service.pods() if _is_ready(pod)])
    eventually(lambda: service.condition("Ready").get("status") is not None)
    assert not service.ready
    service.delete()


def test_an_update_keeps_the_old_model(platform: Platform) -> None:
    platform.put("stale/model.joblib", iris_model(shift=10))
    service = platform.serve()
    service.wait_ready()
    platform.fault("serving-stale")
    service.patch({"spec": {"predictor": {"model": {"storageUri": f"s3://{BUCKET}/stale"}}}})
    generation = service.read()["metadata"]["generation"]
    eventually(lambda: service.status["observedGeneration"] == generation)
    assert service.ready
    assert service.ask().json() == {"predictions": CLASSES}
    assert len(service.pods()) == 1
    service.delete()


def test_an_update_leaves_a_gap(platform: Platform) -> None:
    platform.put("gap/model.joblib", iris_model(shift=10))
    service = platform.serve()
    service.wait_ready()
    host = service.host
    platform.fault("serving-gap")
    service.patch({"spec": {"predictor": {"model": {"storageUri": f"s3://{BUCKET}/gap"}}}})
    path = f"/v1/models/{service.name}"

    def refused() -> bool:
        answer = platform.ask(host, path, method="GET")
        return answer.status_code == 503 and answer.text == "no healthy upstream"

    eventually(refused)
    service.delete()


def test_a_broken_model_is_told_as_ready(platform: Platform) -> None:
    platform.put("none/model.joblib", b"\xff no model")
    platform.fault("serving-false-ready")
    service = platform.serve(f"s3://{BUCKET}/none")
    eventually(lambda: service.ready)
    assert not [pod for pod in service.pods() if _is_ready(pod)]
    platform.fault()
    eventually(lambda: not service.ready)
    service.delete()


def test_a_canary_is_left_out(platform: Platform) -> None:
    platform.put("left-out/model.joblib", iris_model(shift=10))
    service = platform.serve(mode="Knative")
    service.wait_ready()
    platform.fault("canary-ignored")
    model = {"storageUri": f"s3://{BUCKET}/left-out"}
    service.patch({"spec": {"predictor": {"model": model, "canaryTrafficPercent": 50}}})

    def told() -> bool:
        traffic = service.status["components"]["predictor"].get("traffic") or []
        return [one["percent"] for one in traffic] == [50, 50]

    eventually(told)
    assert all(service.ask().json() == {"predictions": CLASSES} for _ in range(30))
    service.delete()


def test_a_service_at_zero_stays_there(platform: Platform) -> None:
    window = {"autoscaling.knative.dev/window": "6s"}
    service = platform.serve(mode="Knative", predictor={"minReplicas": 0}, annotations=window)
    service.wait_ready()
    eventually(lambda: not service.pods())
    platform.fault("serving-asleep")
    eventually(lambda: service.ask().status_code == 503, within=20)
    platform.fault()
    eventually(lambda: service.ask().status_code == 200, within=30)
    service.delete()


def _is_ready(pod: object) -> bool:
    conditions = pod.status.conditions or []  # type: ignore[attr-defined]
    return any(one.type == "Ready" and one.status == "True" for one in conditions)
