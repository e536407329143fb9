"""OwnObjects: what sessions of this plugin have made in Kubernetes, found by our labels."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.namespaces import delete_namespace
from pytest_kubeflow.k8s.profiles import delete_profile, list_profiles
from pytest_kubeflow.k8s.sessions.ownership import EXPIRES, MANAGED_BY, MANAGER, RUN_ID, is_ours

SELECTOR = f"{MANAGED_BY}={MANAGER}"
"""Selects what some session made; `is_ours` knows it for certain."""

# What sessions make in a namespace; what owns others comes first.
_CUSTOM = {
    "experiment": ("kubeflow.org", "v1beta1", "experiments"),
    "workflow": ("argoproj.io", "v1alpha1", "workflows"),
    "trainjob": ("trainer.kubeflow.org", "v1alpha1", "trainjobs"),
    "trainingruntime": ("trainer.kubeflow.org", "v1alpha1", "trainingruntimes"),
    "pytorchjob": ("kubeflow.org", "v1", "pytorchjobs"),
    "tfjob": ("kubeflow.org", "v1", "tfjobs"),
    "mpijob": ("kubeflow.org", "v1", "mpijobs"),
    "notebook": ("kubeflow.org", "v1", "notebooks"),
    "tensorboard": ("tensorboard.kubeflow.org", "v1alpha1", "tensorboards"),
    "poddefault": ("kubeflow.org", "v1alpha1", "poddefaults"),
    "inferenceservice": ("serving.kserve.io", "v1beta1", "inferenceservices"),
    "authorizationpolicy": ("security.istio.io", "v1beta1", "authorizationpolicies"),
}
_VIEWERS = ("kubeflow.org", "v1alpha1", "pvcviewers")
# By kind, the end of the official client's method names.
_CORE = {
    "pod": "pod",
    "persistentvolumeclaim": "persistent_volume_claim",
    "configmap": "config_map",
    "serviceaccount": "service_account",
    "secret": "secret",
}
KINDS = (*_CUSTOM, *_CORE)
"""The kinds that are looked for in namespaces."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """An object of ours: `kind` as in "pod", its namespace ("" for cluster-wide ones), its name."""

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    uid: str = field(default="", compare=False, repr=False)
    made: float | None = field(default=None, compare=False, repr=False)
    """When, in seconds since 1970."""

    is_going: bool = field(default=False, compare=False, repr=False)
    """Its deletion has begun."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")

    @property
    def run_id(self) -> str:
        """The session that made it."""
        return self.labels.get(RUN_ID, "")


class OwnObjects:
    """Lists, relabels and deletes them. Where we may not list a kind, there is nothing of ours."""

    def __init__(self, kubernetes: KubernetesClient) -> None:
        self._kubernetes = kubernetes

    def inside(self, namespace: str) -> list[Leftover]:
        """Those in a namespace."""
        return [one for kind in KINDS for one in self._listed(kind, namespace)]

    def everywhere(self, *namespaces: str) -> list[Leftover]:
        """Those in all namespaces that we may list, kind by kind; else in the ones given."""
        found: list[Leftover] = []
        for kind in KINDS:
            try:
                found += self._objects(kind, self._list(kind, None))
            except KubeflowError:
                for namespace in namespaces:
                    found += self._listed(kind, namespace)
        return found

    def of_cluster(self) -> list[Leftover]:
        """Profiles, and namespaces that are no Profile's."""
        try:
            listed = list_profiles(self._kubernetes, selector=SELECTOR)
        except KubeflowError:
            listed = []
        profiles = list(self._objects("profile", listed))
        names = {one.name for one in profiles}
        return [
            *profiles,
            *(one for one in self._listed("namespace", "") if one.name not in names),
        ]

    def records(self, namespace: str) -> list[Leftover]:
        """The ConfigMaps of ours in `namespace`, which say what lives. Raises KubeflowErrors."""
        return list(self._objects("configmap", self._list("configmap", namespace)))

    def remove_after(self, purge: Callable[[str], None], one: Leftover) -> None:
        """The same as `remove`; of a Profile or namespace what `purge(name)` removes goes first.

        Nothing of it does if another one has its name by now. Raises KubeflowErrors.
        """
        if not one.namespace:
            self.check(one)
            purge(one.name)
        self.remove(one)

    def check(self, one: Leftover) -> None:
        """Raises NotFound if a Profile or namespace is no more the one that was listed."""
        now = {(each.kind, each.name): each for each in self.of_cluster()}
        found = now.get((one.kind, one.name))
        if found is None or found.uid != one.uid:
            raise NotFound(f"{one} is gone, or another one has its name: left alone")

    def remove(self, one: Leftover) -> None:
        """Begin to delete it, if it is still the one that was listed. Raises KubeflowErrors."""
        try:
            if one.kind == "profile":
                delete_profile(self._kubernetes, one.name, uid=one.uid)
            elif one.kind == "namespace":
                delete_namespace(self._kubernetes, one.name, uid=one.uid)
            else:
                if not is_ours(one.labels):
                    raise PermissionDenied(f"{one} was not made by pytest-kubeflow: left alone")
                with calling(f"delete {one}"):
                    self._delete(one)
        except NotFound:
            return

    def relabel(self, one: Leftover, *, expires: str) -> None:
        """Give it another expiry. Raises KubeflowErrors: it takes the right to patch."""
        body = {"metadata": {"labels": {EXPIRES: expires}, "uid": one.uid}}
        with calling(f"relabel {one}"):
            if one.kind in _CUSTOM:
                group, version, plural = _CUSTOM[one.kind]
                self._kubernetes.custom.patch_namespaced_custom_object(
                    group, version, one.namespace, plural, one.name, body
                )
            elif one.kind == "profile":
                self._kubernetes.custom.patch_cluster_custom_object(
                    "kubeflow.org", "v1", "profiles", one.name, body
                )
            elif one.kind == "namespace":
                self._kubernetes.core.patch_namespace(one.name, body)
            else:
                patch = getattr(self._kubernetes.core, f"patch_namespaced_{_CORE[one.kind]}")
                patch(one.name, one.namespace, body)

    def _listed(self, kind: str, namespace: str) -> list[Leftover]:
        try:
            return list(self._objects(kind, self._list(kind, namespace)))
        except KubeflowError:
            return []

    def _list(self, kind: str, namespace: str | None) -> Any:
        """The objects with our labels; in all namespaces if it is None."""
        core, custom = self._kubernetes.core, self._kubernetes.custom
        with calling("look for leftovers"):
            if kind == "namespace":
                return core.list_namespace(label_selector=SELECTOR).items
            if kind in _CUSTOM:
                group, version, plural = _CUSTOM[kind]
                if namespace is None:
                    return custom.list_cluster_custom_object(
                        group, version, plural, label_selector=SELECTOR
                    )["items"]
                return custom.list_namespaced_custom_object(
                    group, version, namespace, plural, label_selector=SELECTOR
                )["items"]
            if namespace is None:
                listing = getattr(core, f"list_{_CORE[kind]}_for_all_namespaces")
                return listing(label_selector=SELECTOR).items
            listing = getattr(core, f"list_namespaced_{_CORE[kind]}")
            return listing(namespace, label_selector=SELECTOR).items

    def _objects(self, kind: str, items: Any) -> Iterator[Leftover]:
        for item in self._kubernetes.api_client.sanitize_for_serialization(items):
            metadata = item["metadata"]
            labels = metadata.get("labels") or {}
            if not is_ours(labels):
                continue
            yield Leftover(
                kind,
                metadata.get("namespace") or "",
                metadata["name"],
                labels=labels,
                uid=metadata.get("uid") or "",
                made=_seconds(metadata.get("creationTimestamp")),
                is_going=bool(metadata.get("deletionTimestamp")),
            )

    def _delete(self, one: Leftover) -> None:
        body = {"preconditions": {"uid": one.uid}} if one.uid else None
        if one.kind == "persistentvolumeclaim":
            self._close_viewer(one)
        if one.kind in _CUSTOM:
            group, version, plural = _CUSTOM[one.kind]
            self._kubernetes.custom.delete_namespaced_custom_object(
                group, version, one.namespace, plural, one.name, body=body
            )
        else:
            delete = getattr(self._kubernetes.core, f"delete_namespaced_{_CORE[one.kind]}")
            delete(one.name, one.namespace, body=body)

    def _close_viewer(self, claim: Leftover) -> None:
        """Delete the viewer of a claim, which is called like it and would keep it.

        The web app makes it without labels of ours, and users may not give it any.
        """
        with (
            contextlib.suppress(NotFound, PermissionDenied),
            calling(f"delete the viewer of {claim}"),
        ):
            self._kubernetes.custom.delete_namespaced_custom_object(
                *_VIEWERS[:2], claim.namespace, _VIEWERS[2], claim.name
            )


def _seconds(text: str | None) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp() if text else None
    except ValueError:
        return None
