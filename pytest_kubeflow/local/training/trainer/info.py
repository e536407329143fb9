"""RuntimeInfo: what a TrainJob and its runtime make together, before it is a JobSet.

Rules: kubeflow/trainer v2.2, pkg/runtime and pkg/runtime/core/trainingruntime.go.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.release import Release
from pytest_kubeflow.local.training.trainer.patches import metadata_of, patched

ANCESTOR = "trainer.kubeflow.org/trainjob-ancestor-step"
TRAINER, NODE = "trainer", "node"
DATASET, MODEL = "dataset-initializer", "model-initializer"
_GPU = "gpu"


@dataclass
class Container:
    """What is added to a container of the template."""

    name: str
    env: list[Object] = field(default_factory=list)
    ports: list[Object] = field(default_factory=list)


@dataclass
class PodSet:
    """The pods of a replicated Job, and how many there are."""

    name: str
    ancestor: str | None
    count: int
    containers: list[Container]


@dataclass
class RuntimeInfo:
    """`spec` is that of the JobSet, `policy` the part of the mlPolicy that names a framework."""

    labels: dict[str, str]
    annotations: dict[str, str]
    policy: Object
    spec: Object
    pod_sets: list[PodSet]

    @staticmethod
    def of(trainjob: Object, runtime: Object, release: Release) -> RuntimeInfo:
        """That of a TrainJob with the spec of a runtime."""
        template = runtime.get("template") or {}
        policy = runtime.get("mlPolicy")
        spec = patched(copy.deepcopy(template.get("spec") or {}), trainjob, release)
        return RuntimeInfo(
            labels=metadata_of(template, trainjob, release, "labels"),
            annotations=metadata_of(template, trainjob, release, "annotations"),
            policy={key: one for key, one in (policy or {}).items() if key != "numNodes"},
            spec=spec,
            pod_sets=[_pod_set(one, policy) for one in spec.get("replicatedJobs") or []],
        )

    def pods_of(self, ancestor: str) -> PodSet | None:
        """The pods of that step of a TrainJob."""
        return next((one for one in self.pod_sets if one.ancestor == ancestor), None)

    def container_of(self, ancestor: str, name: str) -> Container | None:
        """The container of this name in them."""
        pods = self.pods_of(ancestor)
        found = (one for one in (pods.containers if pods else ()) if one.name == name)
        return next(found, None)

    def resources(self) -> Object:
        """Those that the runtime gives the container of the trainer."""
        for one in self.spec.get("replicatedJobs") or []:
            labels = (one["template"].get("metadata") or {}).get("labels") or {}
            if one["name"] == NODE or labels.get(ANCESTOR) == TRAINER:
                for container in containers_of(one):
                    if container["name"] == NODE and "resources" in container:
                        found: Object = container["resources"]
                        return found
        return {}


def containers_of(replicated: Object, group: str = "containers") -> list[Object]:
    """The containers of a replicated Job's pods."""
    pod = pod_template_of(replicated)
    found: list[Object] = (pod.get("spec") or {}).get(group) or []
    return found


def pod_template_of(replicated: Object) -> Object:
    """The template of a replicated Job's pods."""
    found: Object = ((replicated["template"].get("spec") or {}).get("template")) or {}
    return found


def ancestor_of(replicated: Object) -> str | None:
    """The step of a TrainJob that a replicated Job is for."""
    labels = (replicated["template"].get("metadata") or {}).get("labels") or {}
    return labels.get(ANCESTOR)


def gpus(resources: Object) -> int:
    """How many GPUs a node asks for."""
    for part in ("requests", "limits"):
        for name, amount in (resources.get(part) or {}).items():
            if _GPU in name.lower() and int(amount):
                return int(amount)
    return 0


def upsert(items: list[Object], *new: Object, keys: tuple[str, ...] = ("name",)) -> None:
    """Put each in the place of the first that is the same by a key, or behind them all."""
    for one in new:
        for at, there in enumerate(items):
            if any(_same(there, one, key) for key in keys):
                items[at] = one
                break
        else:
            items.append(one)


def _same(one: Object, other: Object, key: str) -> bool:
    # Two that have no such field are the same by it, as pointers to nothing are in Go.
    return bool(one.get(key) == other.get(key))


def variables(given: list[Any] | None) -> list[Object]:
    """Variables of a TrainJob as they are applied."""
    found = []
    for one in given or []:
        value = {} if one.get("valueFrom") else {"value": one.get("value", "")}
        found.append({**one, **value})
    return found


def _pod_set(replicated: Object, policy: Object | None) -> PodSet:
    job = replicated["template"].get("spec") or {}
    count, ancestor = job.get("parallelism", 1), ancestor_of(replicated)
    if ancestor == TRAINER and policy is not None:
        count = policy.get("numNodes", 1)
    containers = [
        Container(
            one["name"],
            copy.deepcopy(one.get("env") or []),
            copy.deepcopy(one.get("ports") or []),
        )
        for one in containers_of(replicated)
    ]
    return PodSet(replicated["name"], ancestor, max(count, 1), containers)
