"""RuntimeMaker: runtimes of our own, for jobs whose restarts are to be known."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.deletion import deletions, in_turn
from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.training.access import TrainingAccess
from pytest_kubeflow.training.runtime import RUNTIME, TrainingRuntime, cluster_runtime, stricter
from pytest_kubeflow.training.spec import TORCH


@dataclass(frozen=True)
class OwnRuntime:
    """A TrainingRuntime of ours in a namespace."""

    access: TrainingAccess
    name: str

    kind = RUNTIME.name

    @property
    def namespace(self) -> str:
        """Where TrainJobs may name it."""
        return self.access.namespace

    def delete(self, *, wait: bool = True) -> None:  # noqa: ARG002  nothing of it goes on
        """Remove it. Trainer keeps it by a finalizer while a TrainJob names it."""
        at = RUNTIME.of(self.access.kubernetes, self.namespace, self.name)
        with contextlib.suppress(NotFound):
            found = at.read()
            at.check_ours(found["metadata"])
            at.delete(found["metadata"]["uid"])


class RuntimeMaker:
    """Makes runtimes in the namespace of `access`; `close` removes them."""

    def __init__(self, access: TrainingAccess) -> None:
        self._access = access
        self.runtimes: list[OwnRuntime] = []

    def __call__(
        self,
        like: str = TORCH,
        *,
        restart_policy: str = "Never",
        backoff_limit: int = 0,
        restarts: int = 0,
    ) -> OwnRuntime:
        """Make one that is as the ClusterTrainingRuntime `like`, with other restarts.

        `restart_policy` is that of its pods, `backoff_limit` how many failures a Job takes, and
        `restarts` how often all nodes are begun anew. Raises NotFound, PermissionDenied.
        """
        access = self._access
        spec = stricter(
            self.of_cluster(like),
            restart_policy=restart_policy,
            backoff_limit=backoff_limit,
            restarts=restarts,
        )
        made = OwnRuntime(access, access.cluster.ownership.name("runtime"))
        labels = {**self._labels(like), **access.cluster.ownership.labels()}
        metadata = {"name": made.name, "namespace": made.namespace, "labels": labels}
        RUNTIME.of(access.kubernetes, made.namespace, made.name).create(
            {
                "apiVersion": RUNTIME.api_version,
                "kind": RUNTIME.name,
                "metadata": metadata,
                "spec": spec,
            }
        )
        MADE.add("training runtime")
        self.runtimes.append(made)
        return made

    def of_cluster(self, name: str = TORCH) -> TrainingRuntime:
        """A ClusterTrainingRuntime. Raises NotFound, with those that there are."""
        return cluster_runtime(self._access.kubernetes, name)

    def _labels(self, like: str) -> Mapping[str, Any]:
        """By which SDKs know what a runtime is for."""
        found: Mapping[str, Any] = self.of_cluster(like).object["metadata"].get("labels") or {}
        return found

    def close(self) -> None:
        """Remove the runtimes; raises the first error."""
        in_turn([*deletions(self.runtimes), self.runtimes.clear])
