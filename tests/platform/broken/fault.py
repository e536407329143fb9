"""One fault: the objects that show it, and the sentence about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.platform.snapshot import Object, Snapshot
from tests.platform.broken.whole import PARTS, a_snapshot
from tests.platform.objects import (
    a_condition,
    a_container,
    a_deployment,
    a_pod,
    a_replica_set,
    ago,
)


@dataclass(frozen=True)
class Broken:
    """What is there beside a whole platform, or in the place of parts of it."""

    objects: Sequence[Object]
    sentence: str
    """What is said of it."""

    without: Sequence[str] = ()
    """Names of objects of the whole platform that are not there."""

    logs: Mapping[str, str] = field(default_factory=dict)
    also: Sequence[str] = ()
    """Further codes, of other faults at the same time."""

    def snapshot(self) -> Snapshot:
        """The cluster."""
        return a_snapshot(*self.objects, without=self.without, logs=self.logs)


def _crashing(name: str, log: str, **container: Any) -> tuple[list[Object], dict[str, str]]:
    last = container.pop("last", {"exitCode": 1, "reason": "Error", "finishedAt": ago(1)})
    one = a_container(
        waiting="CrashLoopBackOff", restarts=7, last=last, **{"name": "main", **container}
    )
    pod = a_pod(f"{name}-1-x", one, owner=("ReplicaSet", f"{name}-1"))
    objects = [
        a_deployment(
            name, a_condition("Available", "False"), ready=0, image=PARTS.get(name, "x:1")
        ),
        a_replica_set(f"{name}-1", name),
        pod,
    ]
    return objects, {f"kubeflow/{name}-1-x/{one[0]['name']}": log}


def crash(name: str, log: str, sentence: str, **container: Any) -> Broken:
    objects, logs = _crashing(name, log, **container)
    return Broken(objects, sentence, logs=logs)


def waiting(
    reason: str, message: str, sentence: str, *others: Object, image: str = "docker.io/x/y:1"
) -> Broken:
    pod = a_pod(
        "katib-ui-1-x",
        a_container(waiting=reason, message=message, image=image),
        owner=("ReplicaSet", "katib-ui-1"),
        phase="Pending",
    )
    deployment = a_deployment("katib-ui", a_condition("Available", "False"), ready=0)
    return Broken([deployment, a_replica_set("katib-ui-1", "katib-ui"), pod, *others], sentence)


def pending(message: str, sentence: str, **fields: Any) -> Broken:
    pod = a_pod(
        "katib-mysql-0",
        owner=("StatefulSet", "katib-mysql"),
        phase="Pending",
        spec={"nodeName": None},
        status={"conditions": [a_condition("PodScheduled", "False", message)]},
        **fields,
    )
    return Broken([pod], sentence)
