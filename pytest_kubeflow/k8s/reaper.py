"""The reaper: removes what interrupted sessions left behind, found by our labels.

An object is removed when it has our labels and its expiry has passed, or when its session's id is
given. Everything else stays, whatever its name.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.namespaces import delete_namespace
from pytest_kubeflow.k8s.ownership import (
    MANAGED_BY,
    MANAGER,
    RUN_ID,
    has_expired,
    is_ours,
    label_value,
)
from pytest_kubeflow.k8s.profiles import delete_profile, list_profiles

_SELECTOR = f"{MANAGED_BY}={MANAGER}"


@dataclass(frozen=True, slots=True)
class Leftover:
    """An object of ours: `kind` as in "pod", its namespace ("" for cluster-wide ones), its name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


class Reaper:
    """Finds and removes leftovers.

    Where we may not list a kind, there is nothing of ours to find in it.
    """

    def __init__(
        self,
        kubernetes: KubernetesClient,
        *,
        run_id: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._kubernetes = kubernetes
        self._run_id = None if run_id is None else label_value(run_id)
        self._clock = clock

    def leftovers(self, namespace: str | None = None) -> list[Leftover]:
        """What may be removed: objects in `namespace`, or Profiles and Namespaces without one."""
        if namespace is not None:
            return [
                Leftover(kind, namespace, item.metadata.name)
                for kind, listing in self._listings(namespace)
                for item in self._listed(listing)
                if self._removable(item.metadata.labels) and not item.metadata.deletion_timestamp
            ]
        found = []
        try:
            profiles = list_profiles(self._kubernetes, selector=_SELECTOR)
        except KubeflowError:
            profiles = []
        for profile in profiles:
            metadata = profile["metadata"]
            if self._removable(metadata.get("labels")) and not metadata.get("deletionTimestamp"):
                found.append(Leftover("profile", "", metadata["name"]))
        of_profiles = {one.name for one in found}
        for item in self._listed(
            lambda: self._kubernetes.core.list_namespace(label_selector=_SELECTOR)
        ):
            metadata = item.metadata
            if (
                self._removable(metadata.labels)
                and not metadata.deletion_timestamp
                and metadata.name not in of_profiles
            ):
                found.append(Leftover("namespace", "", metadata.name))
        return found

    def reap(self, namespace: str | None = None) -> list[Leftover]:
        """Remove them, and return those whose deletion has begun."""
        removed = []
        for leftover in self.leftovers(namespace):
            try:
                self._remove(leftover)
            except KubeflowError:
                continue  # not ours to force: the next session tries again
            removed.append(leftover)
        return removed

    def _removable(self, labels: dict[str, str] | None) -> bool:
        if self._run_id is not None:
            return is_ours(labels) and (labels or {}).get(RUN_ID) == self._run_id
        return has_expired(labels, now=self._clock())

    def _listings(self, namespace: str) -> list[tuple[str, Callable[[], Any]]]:
        core = self._kubernetes.core
        return [
            ("pod", lambda: core.list_namespaced_pod(namespace, label_selector=_SELECTOR)),
            (
                "persistentvolumeclaim",
                lambda: core.list_namespaced_persistent_volume_claim(
                    namespace, label_selector=_SELECTOR
                ),
            ),
            (
                "configmap",
                lambda: core.list_namespaced_config_map(namespace, label_selector=_SELECTOR),
            ),
            ("secret", lambda: core.list_namespaced_secret(namespace, label_selector=_SELECTOR)),
        ]

    @staticmethod
    def _listed(listing: Callable[[], Any]) -> list[Any]:
        try:
            with calling("look for leftovers"):
                return list(listing().items)
        except KubeflowError:
            return []

    def _remove(self, leftover: Leftover) -> None:
        core = self._kubernetes.core
        deleters: dict[str, Callable[[], Any]] = {
            "profile": lambda: delete_profile(self._kubernetes, leftover.name),
            "namespace": lambda: delete_namespace(self._kubernetes, leftover.name),
            "pod": lambda: core.delete_namespaced_pod(leftover.name, leftover.namespace),
            "persistentvolumeclaim": lambda: core.delete_namespaced_persistent_volume_claim(
                leftover.name, leftover.namespace
            ),
            "configmap": lambda: core.delete_namespaced_config_map(
                leftover.name, leftover.namespace
            ),
            "secret": lambda: core.delete_namespaced_secret(leftover.name, leftover.namespace),
        }
        try:
            with calling(f"remove {leftover}"):
                deleters[leftover.kind]()
        except NotFound:
            return
