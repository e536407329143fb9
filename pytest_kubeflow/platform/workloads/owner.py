"""Owner: the workload that a pod belongs to."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.platform.snapshot import Kind, Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import flag, items, name_of, pairs, text
from pytest_kubeflow.platform.snapshot.kind import PODS, REPLICA_SETS

_HASH = "pod-template-hash"


@dataclass(frozen=True, slots=True, order=True)
class Owner:
    """A workload by its name; a pod that nobody made is its own."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def target(self) -> str:
        """As kubectl is told of it: "deployment/katib-controller".

        Quoted, since references to owners may name anything.
        """
        return shlex.quote(f"{self.kind.lower()}/{self.name}")

    @staticmethod
    def of(kind: Kind, obj: Object) -> Owner:
        """The workload itself."""
        metadata = "metadata"
        return Owner(kind.name, text(obj, metadata, "namespace"), text(obj, metadata, "name"))


class Workloads:
    """The pods of a snapshot by their owners."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        pods: dict[Owner, list[Object]] = defaultdict(list)
        for pod in snapshot.all(PODS):
            pods[self.owner_of(pod)].append(pod)
        self.pods: Mapping[Owner, Sequence[Object]] = pods
        """In the order of the list."""

    def owner_of(self, pod: Object) -> Owner:
        """The Deployment behind a ReplicaSet, else the controller, else the pod."""
        namespace = text(pod, "metadata", "namespace")
        reference = _controller(pod)
        if reference is None:
            return Owner("Pod", namespace, text(pod, "metadata", "name"))
        kind, name = text(reference, "kind"), text(reference, "name")
        if kind != "ReplicaSet":
            return Owner(kind, namespace, name)
        seen = self._snapshot.named(REPLICA_SETS, name, namespace)
        above = _controller(seen) if seen is not None else None
        if above is not None:
            return Owner(text(above, "kind"), namespace, text(above, "name"))
        suffix = pairs(pod, "metadata", "labels").get(_HASH, "")
        if seen is None and suffix and name.endswith(f"-{suffix}"):
            return Owner("Deployment", namespace, name.removesuffix(f"-{suffix}"))
        return Owner(kind, namespace, name)


def _controller(obj: Object) -> Object | None:
    references = items(obj, "metadata", "ownerReferences")
    first = next(iter(references), None)
    return next((one for one in references if flag(one, "controller")), first)


def pod_name(pod: Object) -> str:
    """As it is told in a finding: "Pod kubeflow/mysql-0"."""
    return f"Pod {name_of(pod)}"
