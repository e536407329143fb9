"""Snapshot: the cluster as one scheduling decision sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.scheduler.terms import Labels


@dataclass(frozen=True)
class Snapshot:
    """Nodes by name, the pods on each that have not ended, and the labels of namespaces."""

    nodes: Mapping[str, Object]
    pods: Mapping[str, Sequence[Object]] = field(default_factory=dict)
    namespaces: Mapping[str, Labels] = field(default_factory=dict)

    def on(self, node: Object) -> Sequence[Object]:
        """The pods of one node."""
        return self.pods.get(node["metadata"]["name"], ())

    def placed(self) -> Iterator[tuple[Object, Object]]:
        """Every pod with its node."""
        for name, pods in self.pods.items():
            if (node := self.nodes.get(name)) is not None:
                for pod in pods:
                    yield pod, node
