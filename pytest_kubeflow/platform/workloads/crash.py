"""Crash: a container of the platform whose last run has failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pytest_kubeflow.platform.age import is_over, is_young, longer_than
from pytest_kubeflow.platform.place import PLATFORM, SYSTEM
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import name_of, text
from pytest_kubeflow.platform.workloads.container import Container, containers_of
from pytest_kubeflow.platform.workloads.owner import Owner, Workloads

_LATELY = timedelta(minutes=10)
_TODAY = timedelta(days=1)
_OFTEN = 3
_LOOP = "CrashLoopBackOff"
_OF_PROFILES = ("ml-pipeline-ui-artifact", "ml-pipeline-visualizationserver")


@dataclass(frozen=True, slots=True)
class Crash:
    """One container, for all pods of its workload."""

    owner: Owner
    pod: Object
    container: Container
    looping: bool
    """Whether it still crashes."""

    is_old: bool = False
    """Whether its last run ended so long ago that it tells nothing of today."""

    @property
    def key(self) -> str:
        """As its log is found by in the observations."""
        return f"{name_of(self.pod)}/{self.container.name}"

    @property
    def messages(self) -> tuple[str, ...]:
        """What the kubelet tells of the last run."""
        message = text(self.container.last, "message").strip()
        reason = text(self.container.last, "reason")
        return tuple(message.splitlines()[-3:]) if message else ((reason,) if reason else ())


def crashes(snapshot: Snapshot) -> Iterator[Crash]:
    """Of each workload of the platform the container that crashes, or was restarted, most often.

    Users' own programs may crash as they like.
    """
    for owner, pods in snapshot.once(Workloads).pods.items():
        if owner.namespace not in PLATFORM | {SYSTEM} and owner.name not in _OF_PROFILES:
            continue
        found = [
            Crash(
                owner,
                pod,
                container,
                _is_looping(snapshot, pod, container),
                is_over(snapshot, container.last, _TODAY),
            )
            for pod in pods
            if not text(pod, "metadata", "deletionTimestamp")
            for container in containers_of(pod)
            if container.restarts or container.waiting == _LOOP
        ]
        if found:
            yield max(found, key=lambda one: (one.looping, one.container.restarts))


def _is_looping(snapshot: Snapshot, pod: Object, container: Container) -> bool:
    if container.waiting == _LOOP:
        return not is_young(snapshot, pod) or container.restarts >= _OFTEN
    ended = container.last
    return (
        bool(ended)
        and not container.ready
        and container.restarts >= _OFTEN
        and not longer_than(_LATELY, snapshot, ended, "finishedAt")
    )
