"""Capabilities: what a cluster has and what we may do there, each asked for when first wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.inventory import ACCELERATORS, read_inventory
from pytest_kubeflow.k8s.storage import StorageClass, storage_classes

# Discovery is open to every user; reading CustomResourceDefinitions is not.
RESOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    "katib": (("kubeflow.org", "experiments"),),
    "knative": (("serving.knative.dev", "services"),),
    "kserve": (("serving.kserve.io", "inferenceservices"),),
    "notebooks": (("kubeflow.org", "notebooks"),),
    "profiles": (("kubeflow.org", "profiles"),),
    "pvcviewers": (("kubeflow.org", "pvcviewers"),),
    "tensorboards": (("tensorboard.kubeflow.org", "tensorboards"),),
    "training": (("trainer.kubeflow.org", "trainjobs"), ("kubeflow.org", "pytorchjobs")),
    "workflows": (("argoproj.io", "workflows"),),
}
"""A component is there if any of its (group, resource) pairs is."""

_INGRESS: dict[str, tuple[str, str]] = {
    "istio": ("networking.istio.io", "virtualservices"),
    "gateway-api": ("gateway.networking.k8s.io", "httproutes"),
}
_GROUPS = frozenset(
    group for pairs in [*RESOURCES.values(), [*_INGRESS.values()]] for group, _ in pairs
)


class Capabilities:
    """Of one cluster. Whatever cannot be read raises a KubeflowError, each time it is asked for."""

    def __init__(
        self,
        kubernetes: KubernetesClient,
        *,
        has_store: Callable[[], bool] = lambda: False,
        pipelines: bool = True,
    ) -> None:
        self._kubernetes = kubernetes
        self._has_store = has_store
        self._pipelines = pipelines

    @cached_property
    def custom_resources(self) -> frozenset[str]:
        """Those of Kubeflow, its parts and the mesh: "inferenceservices.serving.kserve.io"."""
        with calling("list the groups of the Kubernetes API"):
            found = self._kubernetes.apis.get_api_versions().groups
        served = set()
        for group in found:
            if group.name not in _GROUPS:
                continue
            for version in group.versions:
                try:
                    with calling(f"list the resources of {version.group_version}"):
                        listed = self._kubernetes.custom.get_api_resources(
                            group.name, version.version
                        )
                except NotFound:  # removed in between
                    continue
                served |= {f"{one.name}.{group.name}" for one in listed.resources}
        return frozenset(served)

    @cached_property
    def components(self) -> frozenset[str]:
        """Those of `COMPONENTS` that are there, but for "gpu", for which see `gpus`."""
        there = {name for name, pairs in RESOURCES.items() if any(map(self._serves, pairs))}
        known = {"objectstore": self._has_store(), "pipelines": self._pipelines}
        return frozenset({*there, *(name for name, has in known.items() if has)})

    @cached_property
    def ingress(self) -> str:
        """What leads requests to services: istio, gateway-api, or none of them."""
        return next((name for name, pair in _INGRESS.items() if self._serves(pair)), "none")

    @cached_property
    def storage_classes(self) -> tuple[StorageClass, ...]:
        """All of them, the default one first."""
        return tuple(storage_classes(self._kubernetes))

    @cached_property
    def gpus(self) -> Mapping[str, int]:
        """How many accelerators the usable nodes have, by product (or resource if none is told)."""
        found: dict[str, int] = {}
        for node in read_inventory(self._kubernetes).usable:
            for resource, count in node.accelerators.items():
                name = node.product or resource
                found[name] = found.get(name, 0) + count
        return found

    def may(
        self, verb: str, resource: str, *, group: str = "", namespace: str | None = None
    ) -> bool:
        """Whether the Kubernetes API would let us (SelfSubjectAccessReview)."""
        return self._kubernetes.may(verb, resource, group=group, namespace=namespace)

    def _serves(self, pair: tuple[str, str]) -> bool:
        group, resource = pair
        return f"{resource}.{group}" in self.custom_resources


def sought(component: str) -> str:
    """What was looked for in vain where `component` is missing, as the end of a sentence."""
    if component == "gpu":
        return f"no node that takes pods has {ACCELERATORS} to give"
    if component == "pipelines":
        return "this session did not ask for Kubeflow before its first test"
    if component == "objectstore":
        return "no Service of one was found; give KF_S3_ENDPOINT, --kf-s3-endpoint=URL"
    kinds = [f"{resource}.{group}" for group, resource in RESOURCES[component]]
    return f"its Kubernetes API serves no {' and no '.join(kinds)}"
