"""Sampler: asks the cluster all through a load, in a thread of its own.

What it asks is what the latencies of reading are of, and it keeps pods as they were seen last: some
installations remove those of a run once they have ended.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.listing import list_pages
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.load.guard import Guard
from pytest_kubeflow.load.moments import Pod, PodMoments
from pytest_kubeflow.retries.policy import outages_of

BEARABLE = 5.0
"""Seconds for which an API may be away while it is measured: to ask on is load, too."""

_SHARE = 4
"""A look may take a quarter of the time: a slow API is asked less often."""


class Sampler:
    """Looks once when it is made, then every `period` seconds between `start` and `stop`.

    `read` asks the pipelines API for something small. `alarm` is called once, when the guard has
    seen something.
    """

    def __init__(
        self,
        kubernetes: KubernetesClient,
        namespace: str,
        guard: Guard,
        *,
        read: Callable[[], object],
        alarm: Callable[[], None],
        period: float,
    ) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._guard = guard
        self._read = read
        self._alarm = alarm
        self._period = period
        self._pods: dict[str, Pod] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="load-sampler", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look at the pods for the last time, and no more. More than once is fine."""
        if self._over.is_set():
            return
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._look_at_pods()

    def pods(self) -> Mapping[str, tuple[PodMoments, ...]]:
        """What the pods of runs did when, by the run's id."""
        found: dict[str, tuple[PodMoments, ...]] = {}
        for pod in self._pods.values():
            run = pod["metadata"]["labels"][RUN_ID]
            found[run] = (*found.get(run, ()), PodMoments.of(pod))
        return found

    def uids(self, runs: frozenset[str]) -> frozenset[str]:
        """The uids of the pods of these runs."""
        return frozenset(
            uid for uid, pod in self._pods.items() if pod["metadata"]["labels"][RUN_ID] in runs
        )

    def _work(self) -> None:
        while not self._over.is_set():
            began = time.monotonic()
            with outages_of(BEARABLE):
                if self._guard.look():
                    self._alarm()
                    return
                # What it refuses is counted where it is sent.
                with contextlib.suppress(KubeflowError):
                    self._read()
            self._look_at_pods()
            self._over.wait(max(self._period, _SHARE * (time.monotonic() - began)))

    def _look_at_pods(self) -> None:
        path = f"/api/v1/namespaces/{self._namespace}/pods"
        with contextlib.suppress(KubeflowError), outages_of(BEARABLE):
            for page in list_pages(
                self._kubernetes, path, "list pods of runs", label_selector=RUN_ID
            ):
                self._pods.update((pod["metadata"]["uid"], pod) for pod in page)
