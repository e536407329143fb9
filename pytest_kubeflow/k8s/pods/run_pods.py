"""RunPods: the pods of one run of the pipelines, listed once where several want to know of them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient, calling

RUN_ID = "pipeline/runid"
"""The label of a run's Workflow, and of its pods, with the run's id."""

LISTED = 500
"""The most pods of a run that are looked at."""

_RECENT = 5.0
"""Seconds for which what was seen of a failed run is what its report shows."""


class RunPods:
    """Of the run `run_id` in `namespace`."""

    def __init__(
        self,
        kubernetes: KubernetesClient,
        namespace: str,
        run_id: str,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._run_id = run_id
        self._clock = clock
        self._seen: tuple[float, list[Any]] | None = None

    def now(self) -> list[Any]:
        """Them as they are now. Raises KubeflowErrors."""
        with calling(f"list the pods of run {self._run_id}"):
            found: list[Any] = self._kubernetes.core.list_namespaced_pod(
                self._namespace, label_selector=f"{RUN_ID}={self._run_id}", limit=LISTED
            ).items
        self._seen = self._clock(), found
        return found

    def lately(self) -> list[Any]:
        """Them as they were at most some seconds ago. Raises KubeflowErrors."""
        if self._seen is not None and self._clock() - self._seen[0] < _RECENT:
            return self._seen[1]
        return self.now()
