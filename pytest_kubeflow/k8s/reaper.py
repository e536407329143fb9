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
# What sessions make in a namespace; what owns others comes first.
_CUSTOM = {
    "inferenceservice": ("serving.kserve.io", "v1beta1", "inferenceservices"),
    "authorizationpolicy": ("security.istio.io", "v1beta1", "authorizationpolicies"),
}
# By kind, the end of the official client's method names.
_CORE = {
    "pod": "pod",
    "persistentvolumeclaim": "persistent_volume_claim",
    "configmap": "config_map",
    "serviceaccount": "service_account",
    "secret": "secret",
}


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
                Leftover(kind, namespace, metadata["name"])
                for kind in (*_CUSTOM, *_CORE)
                for metadata in self._listed(kind, namespace)
                if self._removable(metadata.get("labels")) and not metadata.get("deletionTimestamp")
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
        for metadata in self._listed("namespace", ""):
            if (
                self._removable(metadata.get("labels"))
                and not metadata.get("deletionTimestamp")
                and metadata["name"] not in of_profiles
            ):
                found.append(Leftover("namespace", "", metadata["name"]))
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

    def _listed(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        """The metadata of what has our labels, as the API has it; nothing where we may not look."""
        core, custom = self._kubernetes.core, self._kubernetes.custom
        try:
            with calling("look for leftovers"):
                if kind == "namespace":
                    items = core.list_namespace(label_selector=_SELECTOR).items
                elif kind in _CUSTOM:
                    group, version, plural = _CUSTOM[kind]
                    items = custom.list_namespaced_custom_object(
                        group, version, namespace, plural, label_selector=_SELECTOR
                    )["items"]
                else:
                    listing = getattr(core, f"list_namespaced_{_CORE[kind]}")
                    items = listing(namespace, label_selector=_SELECTOR).items
        except KubeflowError:
            return []
        plain = self._kubernetes.api_client.sanitize_for_serialization(items)
        return [item["metadata"] for item in plain]

    def _remove(self, leftover: Leftover) -> None:
        kind, namespace, name = leftover.kind, leftover.namespace, leftover.name
        try:
            if kind == "profile":
                delete_profile(self._kubernetes, name)
            elif kind == "namespace":
                delete_namespace(self._kubernetes, name)
            else:
                with calling(f"remove {leftover}"):
                    self._delete(kind, namespace, name)
        except NotFound:
            return

    def _delete(self, kind: str, namespace: str, name: str) -> None:
        if kind in _CUSTOM:
            group, version, plural = _CUSTOM[kind]
            custom = self._kubernetes.custom
            custom.delete_namespaced_custom_object(group, version, namespace, plural, name)
        else:
            getattr(self._kubernetes.core, f"delete_namespaced_{_CORE[kind]}")(name, namespace)
