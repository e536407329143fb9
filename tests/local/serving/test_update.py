"""An update takes over without a gap."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from tests.local.serving.platform import BUCKET, CLASSES, Platform, Service, iris_model

REQUESTS = 1000
NEW = [one + 10 for one in CLASSES]


class Customers:
    """Ask `REQUESTS` times in all, and then on until they are stopped."""

    def __init__(self, service: Service, count: int) -> None:
        self._service = service
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.answers: Counter[Any] = Counter()
        self._threads = [threading.Thread(target=self._ask) for _ in range(count)]
        self._host = service.host

    def __enter__(self) -> Customers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        path = f"/v1/models/{self._service.name}:predict"
        body = {"instances": [[6.8, 2.8, 4.8, 1.4], [5.1, 3.5, 1.4, 0.2]]}
        # A pause leaves the machine some time for the new predictor to start.
        while not self._stop.wait(0.01) or self.total < REQUESTS:
            answer = self._service.platform.ask(self._host, path, json=body)
            message = answer.text
            if answer.status_code == 200:
                message = str(answer.json()["predictions"])
            with self._lock:
                self.answers[answer.status_code, message] += 1

    @property
    def total(self) -> int:
        return sum(self.answers.values())


@pytest.mark.parametrize("mode", ["Standard", "Knative"])
def test_none_of_a_thousand_predictions_fails_while_the_model_is_updated(
    platform: Platform, mode: str
) -> None:
    platform.put("shifted/model.joblib", iris_model(shift=10))
    service = platform.serve(mode=mode)
    service.wait_ready()
    (before,) = service.pods()
    new, old = (200, str(NEW)), (200, str(CLASSES))
    with Customers(service, 4) as customers:
        service.patch({"spec": {"predictor": {"model": {"storageUri": f"s3://{BUCKET}/shifted"}}}})
        wait_for(customers, new)
        gone = before.metadata.name
        until(lambda: gone not in {pod.metadata.name for pod in service.pods()})
    assert customers.total >= REQUESTS
    assert set(customers.answers) == {old, new}, customers.answers
    assert service.ready
    service.delete()


def until(question: Any) -> None:
    from tests.local.serving.platform import eventually

    eventually(question)


def wait_for(customers: Customers, answer: tuple[int, str]) -> None:
    until(lambda: customers.answers[answer] > 100)
