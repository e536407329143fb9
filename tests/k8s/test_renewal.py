"""What lives says so again and again, and what cannot be said is told once."""

from __future__ import annotations

import threading

from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.k8s.sessions.renewal import Renewal


def test_it_renews_until_it_ends() -> None:
    renewed = threading.Semaphore(0)
    renewal = Renewal(interval=0.001)
    renewal.add(renewed.release)
    renewal.start()
    for _ in range(3):
        assert renewed.acquire(timeout=20)
    renewal.close()
    while renewed.acquire(blocking=False):
        pass
    assert not renewed.acquire(timeout=0.05)


def test_one_that_fails_keeps_no_other_from_it() -> None:
    found: list[str] = []
    renewed: list[int] = []

    def fails() -> None:
        raise PermissionDenied("cannot create ConfigMap a/b: Kubernetes answers 403")

    renewal = Renewal(failed=found.append)
    renewal.add(fails)
    renewal.add(lambda: renewed.append(1))
    renewal.now()
    renewal.now()
    assert renewed == [1, 1]
    assert found == ["cannot create ConfigMap a/b: Kubernetes answers 403"]
    renewal.remove(fails)
    renewal.remove(fails)
