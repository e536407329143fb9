"""TrialWatch: how many trials of an experiment were active at once, as the API server told it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.objects.watch import ObjectWatch
from pytest_kubeflow.katib.spec import EXPERIMENT_LABEL, GROUP, TRIALS, VERSION
from pytest_kubeflow.katib.trial import Trial

_SECONDS = 300


class TrialWatch:
    """Listens from `start` to `stop`.

    The server tells changes of Trials in the order in which they were made, so that what is counted
    is what was there, however late it is heard. A trial is active from its creation to the
    condition that ends it: that is what Katib itself counts against `parallelTrialCount`.
    """

    def __init__(self, open_watch: Callable[[], Any]) -> None:
        self._active: set[str] = set()
        self._seen: dict[str, str] = {}
        self._lock = threading.Lock()
        self._most = 0
        self._at_most: tuple[str, ...] = ()
        self._thread = ObjectWatch(open_watch, self._heard, name="trial-watch")

    @classmethod
    def on(cls, kubernetes: KubernetesClient, namespace: str, experiment: str) -> TrialWatch:
        """On the trials of one experiment."""
        return cls(
            lambda: kubernetes.custom.list_namespaced_custom_object(
                *(GROUP, VERSION, namespace, TRIALS),
                label_selector=f"{EXPERIMENT_LABEL}={experiment}",
                watch=True,
                timeout_seconds=_SECONDS,
                _preload_content=False,
                _request_timeout=(10.0, _SECONDS + 10.0),
            )
        )

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """End it."""
        self._thread.stop()

    @property
    def most(self) -> int:
        """The most trials that were active at once."""
        return self._most

    @property
    def at_most(self) -> tuple[str, ...]:
        """Which these were, the first time."""
        return self._at_most

    @property
    def seen(self) -> dict[str, str]:
        """All trials that were heard of, with the last state of each; "Deleted" for those gone."""
        with self._lock:
            return dict(self._seen)

    @property
    def was_cut(self) -> bool:
        """Whether it had to begin anew, so that something may have passed unheard."""
        return self._thread.openings > 1

    def _heard(self, event: Mapping[str, Any]) -> None:
        thing = event.get("object") or {}
        if thing.get("kind") != "Trial":
            return  # an error, after which the watch ends
        trial = Trial(thing, {})
        with self._lock:
            gone = event.get("type") == "DELETED"
            self._seen[trial.name] = "Deleted" if gone else trial.state
            if gone or trial.has_ended:
                self._active.discard(trial.name)
            else:
                self._active.add(trial.name)
            if len(self._active) > self._most:
                self._most, self._at_most = len(self._active), tuple(sorted(self._active))
