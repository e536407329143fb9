"""StallWatch: what keeps runs from going on, and is not mended by waiting.

A pod whose image cannot be pulled, whose Secret is missing or whose claim is never bound is Pending
for as long as its run may take, and KFP says no more than RUNNING. So is a Workflow that no
controller takes up, and a run whose Workflow was deleted, of which the API hears nothing more. Who
waits for such a run is told after a bounded time, with Kubernetes' words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.events import is_pulling, message_of, visible_events
from pytest_kubeflow.k8s.pods.run_pods import RUN_ID
from pytest_kubeflow.k8s.pods.start import container_statuses
from pytest_kubeflow.pipelines.outputs.executor_log import node_of
from pytest_kubeflow.pipelines.tasks.workflow_nodes import WORKFLOWS

TAKEN_UP = 30.0
"""Seconds in which a workflow controller takes a Workflow up, however busy it is."""

_SOON = 10.0
"""Seconds before anybody asks whether one has."""

_GLANCE = (2.0, 5.0)
_PODS = 100
_IMAGES = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_CONTAINERS = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_MOUNTS = frozenset({"FailedMount", "FailedAttachVolume"})
_STORAGE = "persistentvolumeclaim"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run that is waited for: its state as the API has it, and for how many seconds."""

    name: str
    state: str
    seconds: float


@dataclass
class StallWatch:
    """Looks after the runs of one namespace. `start_timeout` is --kf-start-timeout.

    A reason counts from the moment that it was first seen, as long as it is seen. An image that was
    given up once in a session is so at once for whatever needs it afterwards.
    """

    kubernetes: KubernetesClient
    namespace: str
    start_timeout: float
    clock: Callable[[], float] = time.monotonic
    _since: dict[str, float] = field(default_factory=dict)
    _idle_since: dict[str, float] = field(default_factory=dict)
    _given_up: set[str] = field(default_factory=set)
    _gone_since: dict[str, float] = field(default_factory=dict)

    def note_workflow(self, run_id: str, is_there: bool, /) -> None:
        """What a watch has seen of a run's Workflow: that it is there, or was deleted."""
        if is_there:
            self._gone_since.pop(run_id, None)
        else:
            self._gone_since.setdefault(run_id, self.clock())

    def of(self, runs: Mapping[str, Waiting]) -> dict[str, str]:
        """Why runs will not go on, by their ids: those that are beyond hope alone.

        Raises KubeflowError where pods or Workflows cannot be read.
        """
        found = self._idle(runs) | self._without_workflow(runs)
        seen: dict[str, float] = {}
        for run_id, pod, why in self._held_up(runs):
            since = seen[pod.metadata.uid] = self._since.get(pod.metadata.uid, self.clock())
            images = set(_not_pulled(pod))
            if images & self._given_up:
                found.setdefault(
                    run_id,
                    f"{_task(pod)} cannot start: {why} (that image was waited for before in this "
                    f"session, for {self.start_timeout:g} s)",
                )
            elif self.clock() - since >= self.start_timeout and not self._is_pulling(pod):
                self._given_up |= images
                found.setdefault(
                    run_id,
                    f"{_task(pod)} cannot start: {why} (for {self.start_timeout:g} s, the longest "
                    "that --kf-start-timeout allows)",
                )
        self._since = seen
        return found

    def now(self, run_id: str) -> str:
        """What keeps a task of this run from starting now; it may still mend itself.

        Empty if nothing does. Raises KubeflowError where pods cannot be read.
        """
        for _, pod, why in self._held_up({run_id}, selector=f"{RUN_ID}={run_id}"):
            return f"{_task(pod)} has not started: {why}"
        return ""

    def _held_up(
        self, runs: Collection[str], selector: str = RUN_ID
    ) -> Iterator[tuple[str, Any, str]]:
        """The pods of these runs that something keeps from starting: run, pod, why."""
        with calling(f"list the pods of runs in {self.namespace}"):
            pods = self.kubernetes.core.list_namespaced_pod(
                self.namespace,
                label_selector=selector,
                field_selector="status.phase=Pending",
                limit=_PODS,
                _request_timeout=_GLANCE,
            ).items
        for pod in pods:
            run_id = pod.metadata.labels[RUN_ID]
            if run_id in runs and (why := self._reason(pod)):
                yield run_id, pod, why

    def _is_pulling(self, pod: Any) -> bool:
        return is_pulling(self._events("Pod", pod.metadata.name))

    def _idle(self, runs: Mapping[str, Waiting]) -> dict[str, str]:
        """The runs whose Workflow nobody has taken up while it could be seen.

        A controller has the same server as we have: what passes while that is away does not count.
        """
        late = [
            run_id
            for run_id, run in runs.items()
            if run.state in {"", "PENDING"} and run.seconds >= _SOON
        ]
        before, self._idle_since = self._idle_since, {}
        if not late:
            return {}
        found = {}
        for workflow in self._workflows(late):
            if (workflow.get("status") or {}).get("phase"):
                continue
            metadata = workflow["metadata"]
            run_id = metadata["labels"][RUN_ID]
            since = self._idle_since[run_id] = before.get(run_id, self.clock())
            if self.clock() - since >= TAKEN_UP:
                found[run_id] = (
                    f"nobody runs Workflows here: Workflow {self.namespace}/{metadata['name']} has "
                    f"no status.phase after {TAKEN_UP:g} s; is the workflow-controller running, "
                    "and does it look after this namespace?"
                )
        return found

    def _without_workflow(self, runs: Mapping[str, Waiting]) -> dict[str, str]:
        """Those whose Workflow was deleted: they never end, unless that was the last of them.

        The persistence agent reports what it sees of a Workflow, and of none that is gone.
        """
        now = self.clock()
        late = [
            run_id
            for run_id, since in list(self._gone_since.items())
            if run_id in runs and now - since >= TAKEN_UP
        ]
        if not late:
            return {}
        there = {one["metadata"]["labels"][RUN_ID] for one in self._workflows(late)}
        return {
            run_id: (
                f"its Workflow was deleted from {self.namespace}, and with it its pods: Kubeflow "
                "Pipelines hears nothing more of it, and leaves it in that state for ever"
            )
            for run_id in late
            if run_id not in there
        }

    def _workflows(self, run_ids: Collection[str]) -> list[Any]:
        group, version, plural = WORKFLOWS
        with calling(f"list the Workflows of runs in {self.namespace}"):
            found: list[Any] = self.kubernetes.custom.list_namespaced_custom_object(
                group,
                version,
                self.namespace,
                plural,
                label_selector=f"{RUN_ID} in ({','.join(sorted(run_ids))})",
                _request_timeout=_GLANCE,
            )["items"]
        return found

    def _reason(self, pod: Any) -> str:
        """What keeps a pod from starting and rarely mends itself; empty for all else."""
        for status in container_statuses(pod):
            waiting = status.state.waiting if status.state else None
            if waiting and waiting.reason in _IMAGES | _CONTAINERS:
                image = f" {status.image}" if waiting.reason in _IMAGES else ""
                message = f": {waiting.message}" if waiting.message else ""
                return f"{waiting.reason}{image}{message}"
        if unscheduled := self._unscheduled(pod):
            return "; ".join(
                [unscheduled, *self._claims(pod)] if _STORAGE in unscheduled.lower() else []
            )
        return "; ".join([*self._claims(pod), *self._mounts(pod)])

    @staticmethod
    def _unscheduled(pod: Any) -> str:
        for condition in pod.status.conditions or ():
            if condition.type == "PodScheduled" and condition.status == "False":
                return f"{condition.reason}: {condition.message or ''}".rstrip(": ")
        return ""

    def _mounts(self, pod: Any) -> Iterator[str]:
        """What the node says of volumes that it cannot mount."""
        if not pod.spec.node_name:
            return
        events = self._events("Pod", pod.metadata.name)
        failed = [one for one in events if one.reason in _MOUNTS]
        if failed:
            yield f"{failed[-1].reason}: {message_of(failed[-1])}"

    def _claims(self, pod: Any) -> Iterator[str]:
        """What is said of the pod's claims that are not bound."""
        for volume in pod.spec.volumes or ():
            claim = volume.persistent_volume_claim
            if claim is None:
                continue
            warnings = [
                one
                for one in self._events("PersistentVolumeClaim", claim.claim_name)
                if one.type == "Warning" or one.reason == "FailedBinding"
            ]
            if warnings and self._is_pending(claim.claim_name):
                message = f"{warnings[-1].reason}: {message_of(warnings[-1])}"
                yield f"claim {claim.claim_name} is Pending: {message}"

    def _is_pending(self, claim: str) -> bool:
        with calling(f"read claim {self.namespace}/{claim}"):
            found = self.kubernetes.core.read_namespaced_persistent_volume_claim(
                claim, self.namespace, _request_timeout=_GLANCE
            )
        return bool(found.status.phase == "Pending")

    def _events(self, kind: str, name: str) -> list[Any]:
        return visible_events(self.kubernetes, self.namespace, kind=kind, name=name)


def _not_pulled(pod: Any) -> Iterator[str]:
    """The images that the node has failed to pull for it."""
    for status in container_statuses(pod):
        waiting = status.state.waiting if status.state else None
        if waiting and waiting.reason in _IMAGES:
            yield str(status.image)


def _task(pod: Any) -> str:
    node = node_of(pod)
    return f"task {'/'.join(node.place)}" if node is not None else f"pod {pod.metadata.name}"
