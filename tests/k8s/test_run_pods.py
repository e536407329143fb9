"""The pods of a run are listed once for all that a report tells of a failure."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from pytest_kubeflow.k8s.pods.run_pods import RunPods


class Listed:
    """A core API that counts the lists."""

    def __init__(self) -> None:
        self.core = self
        self.selectors: list[str] = []

    def list_namespaced_pod(self, _namespace: str, *, label_selector: str, **_: Any) -> Any:
        self.selectors.append(label_selector)
        return SimpleNamespace(items=[f"list {len(self.selectors)}"])


def test_what_was_just_listed_is_not_listed_again() -> None:
    kubernetes, now = Listed(), 100.0
    pods = RunPods(cast(Any, kubernetes), "team-a", "1", clock=lambda: now)
    assert pods.lately() == pods.lately() == ["list 1"]
    assert pods.now() == pods.lately() == ["list 2"]
    now += 60.0
    assert pods.lately() == ["list 3"]
    assert set(kubernetes.selectors) == {"pipeline/runid=1"}
