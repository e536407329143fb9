"""Inventory: what the cluster's nodes have to give, and who holds it.

Resource names: those of the vendors' device plugins (NVIDIA/k8s-device-plugin,
ROCm/k8s-device-plugin, intel/intel-device-plugins-for-kubernetes, Huawei's ascend-device-plugin).
Labels of NVIDIA's products come from GPU feature discovery.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.quantity import millicpus, show_bytes, show_cpus, whole

NVIDIA = "nvidia.com/gpu"
PRODUCT_LABEL = "nvidia.com/gpu.product"
HOST_LABEL = "kubernetes.io/hostname"
ENFORCED = "ResourceLimitsEnforced"
"""A condition by which a node can say that it cannot hold pods to their limits (status False)."""

ACCELERATORS = "nvidia.com/gpu, amd.com/gpu, gpu.intel.com/* or huawei.com/*"
"""What counts as an accelerator, for messages."""

_ACCELERATORS = re.compile(
    r"nvidia\.com/(gpu(\.shared)?|mig-.+)|amd\.com/gpu|gpu\.intel\.com/(i915|xe)|huawei\.com/.+"
)
_PRODUCT_LABELS = (PRODUCT_LABEL, "amd.com/gpu.product-name", "gpu.intel.com/product")
_FINAL = ("Succeeded", "Failed")


@dataclass(frozen=True, slots=True)
class Holder:
    """A pod that holds accelerators of a node."""

    pod: str
    """`namespace/name`."""

    node: str
    resource: str
    count: int

    def __str__(self) -> str:
        return f"{self.pod} holds {self.count} x {self.resource} of {self.node}"


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node. `cpu` is in thousandths of a CPU, `memory` in bytes: what pods can get of it."""

    name: str
    cpu: int
    memory: int
    pods: int
    accelerators: Mapping[str, int]
    """How many it has to give, by resource name such as `nvidia.com/gpu`."""

    product: str
    """What its accelerators are, such as `NVIDIA-H100-80GB-HBM3`; empty if no label tells."""

    taints: tuple[str, ...]
    ready: bool
    schedulable: bool
    limits_unenforced: str
    """Why it does not hold pods to their limits; empty if it does."""

    labels: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, node: Any) -> NodeFacts:
        """From a V1Node."""
        given: dict[str, str] = node.status.allocatable or {}
        labels: dict[str, str] = node.metadata.labels or {}
        conditions = {one.type: one for one in node.status.conditions or ()}
        ready, enforced = conditions.get("Ready"), conditions.get(ENFORCED)
        lax = enforced is not None and enforced.status == "False"
        return cls(
            name=node.metadata.name,
            cpu=millicpus(given.get("cpu", "0")),
            memory=whole(given.get("memory", "0")),
            pods=whole(given.get("pods", "0")),
            accelerators={
                name: count
                for name, amount in sorted(given.items())
                if _ACCELERATORS.fullmatch(name) and (count := whole(amount))
            },
            product=next((labels[one] for one in _PRODUCT_LABELS if labels.get(one)), ""),
            taints=tuple(_taint(one) for one in node.spec.taints or ()),
            ready=ready is not None and ready.status == "True",
            schedulable=not node.spec.unschedulable,
            limits_unenforced=str(enforced.message or enforced.reason) if enforced and lax else "",
            labels=labels,
        )

    def describe(self) -> str:
        """One line for people."""
        parts = [f"{show_cpus(self.cpu)} CPUs", show_bytes(self.memory)]
        parts += [
            f"{count} x {name}" + (f" ({self.product})" if self.product else "")
            for name, count in self.accelerators.items()
        ]
        parts += [f"taint {taint}" for taint in self.taints]
        if not self.ready:
            parts.append("not ready")
        if not self.schedulable:
            parts.append("cordoned")
        if self.limits_unenforced:
            parts.append(f"limits not enforced: {self.limits_unenforced}")
        return f"{self.name}: {', '.join(parts)}"


@dataclass(frozen=True)
class Inventory:
    """The nodes of a cluster, and the pods that hold accelerators there."""

    nodes: Sequence[NodeFacts]
    holders: Sequence[Holder] = ()

    @cached_property
    def usable(self) -> list[NodeFacts]:
        """The nodes that are ready and not cordoned."""
        return [node for node in self.nodes if node.ready and node.schedulable]

    def with_accelerator(self, resource: str = NVIDIA) -> list[NodeFacts]:
        """The usable nodes that have some of `resource`."""
        return [node for node in self.usable if node.accelerators.get(resource)]

    def products(self, resource: str = NVIDIA) -> dict[str, int]:
        """How many there are of each product; the product is empty where no label tells."""
        found: dict[str, int] = {}
        for node in self.with_accelerator(resource):
            found[node.product] = found.get(node.product, 0) + node.accelerators[resource]
        return found

    def free(self, node: NodeFacts, resource: str = NVIDIA) -> int:
        """How many of a node's accelerators no pod holds."""
        held = sum(
            one.count for one in self.holders if (one.node, one.resource) == (node.name, resource)
        )
        return node.accelerators.get(resource, 0) - held

    def describe(self) -> str:
        """A line a node."""
        return "\n".join(node.describe() for node in self.nodes) or "no nodes"


def read_inventory(kubernetes: KubernetesClient) -> Inventory:
    """The cluster's inventory now. Raises PermissionDenied where nodes cannot be listed.

    Who may not list all pods gets no holders, so that everything looks free.
    """
    with calling("list nodes"):
        nodes = [NodeFacts.of(node) for node in kubernetes.core.list_node().items]
    if not any(node.accelerators for node in nodes):
        return Inventory(nodes)
    return Inventory(nodes, list(_holders(kubernetes)))


def _holders(kubernetes: KubernetesClient) -> Iterable[Holder]:
    from pytest_kubeflow.errors import PermissionDenied

    running = ",".join(f"status.phase!={phase}" for phase in _FINAL)
    try:
        with calling("list the pods of all namespaces"):
            pods = kubernetes.core.list_pod_for_all_namespaces(field_selector=running).items
    except PermissionDenied:
        return
    for pod in pods:
        if not pod.spec.node_name:
            continue
        for resource, count in sorted(_held(pod).items()):
            name = f"{pod.metadata.namespace}/{pod.metadata.name}"
            yield Holder(name, pod.spec.node_name, resource, count)


def _held(pod: Any) -> dict[str, int]:
    """A pod's accelerators: its containers' sum, or its largest init container if that is more."""
    held: dict[str, int] = {}
    for container in pod.spec.containers:
        for name, count in _limits(container).items():
            held[name] = held.get(name, 0) + count
    for container in pod.spec.init_containers or ():
        for name, count in _limits(container).items():
            held[name] = max(held.get(name, 0), count)
    return held


def _limits(container: Any) -> dict[str, int]:
    limits: dict[str, str] = (container.resources.limits if container.resources else None) or {}
    return {name: whole(amount) for name, amount in limits.items() if _ACCELERATORS.fullmatch(name)}


def _taint(taint: Any) -> str:
    return f"{taint.key}{'=' + taint.value if taint.value else ''}:{taint.effect}"
