"""Which components a cluster has, by the resources that its API server serves."""

from __future__ import annotations

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.inventory import ACCELERATORS, read_inventory

# Discovery is open to every user; reading CustomResourceDefinitions is not.
RESOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    "katib": (("kubeflow.org", "experiments"),),
    "kserve": (("serving.kserve.io", "inferenceservices"),),
    "notebooks": (("kubeflow.org", "notebooks"),),
    "profiles": (("kubeflow.org", "profiles"),),
    "training": (("trainer.kubeflow.org", "trainjobs"), ("kubeflow.org", "pytorchjobs")),
    "workflows": (("argoproj.io", "workflows"),),
}
"""A component is there if any of its (group, resource) pairs is."""


def discover(kubernetes: KubernetesClient) -> frozenset[str]:
    """The components of RESOURCES that are there."""
    served = _served(kubernetes, {group for pairs in RESOURCES.values() for group, _ in pairs})
    return frozenset(
        component for component, pairs in RESOURCES.items() if any(pair in served for pair in pairs)
    )


def sought(component: str) -> str:
    """What was looked for in vain where `component` is missing, as the end of a sentence."""
    if component == "gpu":
        return f"no node that takes pods has {ACCELERATORS} to give"
    if component == "objectstore":
        return "where it is was not told (--kf-s3-endpoint=URL)"
    kinds = [f"{resource}.{group}" for group, resource in RESOURCES[component]]
    return f"its Kubernetes API serves no {' and no '.join(kinds)}"


def has_gpu(kubernetes: KubernetesClient) -> bool:
    """Whether a node has GPUs to give. Raises PermissionDenied where nodes cannot be listed."""
    return any(node.accelerators for node in read_inventory(kubernetes).usable)


def _served(kubernetes: KubernetesClient, groups: set[str]) -> set[tuple[str, str]]:
    with calling("list the groups of the Kubernetes API"):
        found = kubernetes.apis.get_api_versions().groups
    served = set()
    for group in found:
        if group.name not in groups:
            continue
        for version in group.versions:
            try:
                with calling(f"list the resources of {version.group_version}"):
                    listed = kubernetes.custom.get_api_resources(group.name, version.version)
            except NotFound:  # removed in between
                continue
            served |= {(group.name, resource.name) for resource in listed.resources}
    return served
