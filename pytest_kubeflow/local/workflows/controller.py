"""WorkflowController: looks at each Workflow that people have made, as often as something changes.

Source: argo-workflows v3.7.3 workflow/controller/controller.go and workflow/gccontroller. Those of
compiled pipelines are the driver's.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.events import EventRecorder
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.kube.resources import PODS, WORKFLOW_TASK_RESULTS, WORKFLOWS
from pytest_kubeflow.local.workflows.config import read_config
from pytest_kubeflow.local.workflows.nodes import COMPLETED as ENDED
from pytest_kubeflow.local.workflows.nodes import FULFILLED, moment
from pytest_kubeflow.local.workflows.operation import COMPLETED_LABEL, Operation, by_node
from pytest_kubeflow.local.workflows.podspec import COMPLETED, LABEL, NODE_ID

log = logging.getLogger(__name__)

_COMPILED = "pipelines.kubeflow.org/v2_component"
"""The label of those that the driver of Kubeflow Pipelines runs."""

_TOGETHER = 0.01
"""Seconds in which changes count as one."""

_RETRY = 0.5


class WorkflowController:
    """Works from `run` on until it is cancelled. `terminate` has the program of a pod end."""

    def __init__(
        self, client: KubeClient, faults: Faults, terminate: Callable[[str, str], None]
    ) -> None:
        self._client = client
        self._faults = faults
        self._terminate = terminate
        self._recorder = EventRecorder(client, "workflow-controller")
        self._workflows = Informer(client, WORKFLOWS, label_selector=f"!{_COMPILED}")
        self._pods = Informer(client, PODS, label_selector=f"{LABEL},!{_COMPILED}")
        self._results = Informer(client, WORKFLOW_TASK_RESULTS, label_selector=LABEL)
        self._owned: dict[Key, set[Key]] = {}
        self._reported: dict[Key, set[Key]] = {}
        self._latest: dict[str, Object] = {}
        """What was written last of a Workflow, by its uid: newer than what the informer has."""

        self._due: dict[Key, asyncio.TimerHandle] = {}
        self._working: set[Key] = set()
        self._again: set[Key] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._workflows.on_change(self._on_workflow)
        self._pods.on_change(lambda kind, pod: self._on_owned(self._owned, kind, pod))
        self._results.on_change(lambda kind, one: self._on_owned(self._reported, kind, one))
        faults.on_change(self._look_at_all)

    async def run(self) -> None:
        """Work until cancelled."""
        informers = (self._workflows, self._pods, self._results)
        try:
            async with asyncio.TaskGroup() as group:
                for one in informers:
                    group.create_task(one.run())
        finally:
            for handle in self._due.values():
                handle.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_workflow(self, kind: str, workflow: Object) -> None:
        key = key_of(workflow)
        if kind == "DELETED":
            self._latest.pop(workflow["metadata"]["uid"], None)
            if (handle := self._due.pop(key, None)) is not None:
                handle.cancel()
            return
        self._look(key)

    def _on_owned(self, owned: dict[Key, set[Key]], kind: str, obj: Object) -> None:
        metadata = obj["metadata"]
        key = (metadata["namespace"], metadata["labels"][LABEL])
        mine = owned.setdefault(key, set())
        if kind == "DELETED":
            mine.discard(key_of(obj))
            if not mine:
                del owned[key]
        else:
            mine.add(key_of(obj))
        self._look(key)

    def _look_at_all(self) -> None:
        for key in list(self._workflows.objects):
            self._look(key)

    def _look(self, key: Key, seconds: float = _TOGETHER) -> None:
        """Look at a Workflow after so many seconds, or earlier if that is due already."""
        loop = asyncio.get_running_loop()
        before = self._due.get(key)
        if before is not None:
            if before.when() <= loop.time() + seconds:
                return
            before.cancel()
        self._due[key] = loop.call_later(seconds, self._begin, key)

    def _begin(self, key: Key) -> None:
        self._due.pop(key, None)
        if key in self._working:
            self._again.add(key)
            return
        if key not in self._workflows.objects or self._faults.active("workflows-ignored"):
            return
        self._working.add(key)
        task = asyncio.create_task(self._work(key), name=f"workflow {key}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, key: Key) -> None:
        seconds = None
        try:
            seconds = await self._process(key)
        except (ApiError, ApiUnreachableError) as error:
            log.debug("workflow %s/%s: %s", *key, error)
            seconds = _RETRY
        finally:
            self._working.discard(key)
        if key in self._again:
            self._again.discard(key)
            self._look(key)
        elif seconds is not None:
            self._look(key, max(seconds, 0.0))

    async def _process(self, key: Key) -> float | None:
        """Look at it; seconds until the next look is due, if one is."""
        workflow = self._current(key)
        if workflow is None or workflow["metadata"].get("deletionTimestamp"):
            return None
        labels = workflow["metadata"].get("labels") or {}
        if labels.get(COMPLETED_LABEL) == "true":
            await self._clean(key, workflow)
            return await self._expire(workflow)
        if not all(one.synced.is_set() for one in (self._pods, self._results)):
            return _RETRY
        operation = Operation(
            self._client,
            await read_config(self._client),
            copy.deepcopy(workflow),
            by_node(self._mine(self._pods, self._owned, key)),
            {
                one["metadata"]["name"]: one
                for one in self._mine(self._results, self._reported, key)
            },
            self._terminate,
            self._faults,
        )
        try:
            await operation.operate()
        except (ApiError, ApiUnreachableError):
            raise
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            # As a panic of the real one has it.
            log.exception("workflow %s/%s", *key)
            operation.fail(repr(error))
        if operation.changed:
            await self._write(operation, workflow)
        await self._clean(key, operation.workflow)
        if operation.again_at is None:
            return None
        return (operation.again_at - datetime.now(UTC)).total_seconds()

    def _current(self, key: Key) -> Object | None:
        found = self._workflows.objects.get(key)
        if found is None:
            return None
        written = self._latest.get(found["metadata"]["uid"])
        if written is not None and _version(written) > _version(found):
            return written
        return found

    @staticmethod
    def _mine(informer: Informer, owned: dict[Key, set[Key]], key: Key) -> list[Object]:
        return [informer.objects[one] for one in owned.get(key, ()) if one in informer.objects]

    async def _write(self, operation: Operation, before: Object) -> None:
        """Write what has changed; where somebody else has too, over what he has written."""
        made = operation.workflow
        while True:
            try:
                written = await self._client.replace(WORKFLOWS, made)
                break
            except ApiError as error:
                if error.not_found or error.code == 403:
                    return  # it is gone, or its namespace goes
                if not error.conflict:
                    raise
                metadata = made["metadata"]
                found = await self._client.get(WORKFLOWS, metadata["name"], metadata["namespace"])
                if found["metadata"]["uid"] != metadata["uid"]:
                    return
                found["status"] = made["status"]
                for kind in ("labels", "annotations"):
                    mine = metadata.get(kind) or {}
                    found["metadata"][kind] = {**(found["metadata"].get(kind) or {}), **mine}
                made = found
        self._latest[written["metadata"]["uid"]] = written
        self._tell(written, operation, before)

    def _tell(self, workflow: Object, operation: Operation, before: Object) -> None:
        events = list(operation.events)
        old = (before.get("status") or {}).get("nodes") or {}
        for key, node in ((workflow.get("status") or {}).get("nodes") or {}).items():
            events += _node_events(old.get(key), node)
        if events:
            task = asyncio.create_task(self._record(workflow, events), name="workflow events")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _record(self, workflow: Object, events: list[tuple[str, str, str]]) -> None:
        for kind, reason, message in events:
            try:
                await self._recorder.event(workflow, kind, reason, message)
            except (ApiError, ApiUnreachableError) as error:
                log.debug("event of workflow %s: %s", workflow["metadata"]["name"], error)

    async def _clean(self, key: Key, workflow: Object) -> None:
        """Mark the pods of nodes that are over, remove those that are not to stay."""
        status, spec = workflow.get("status") or {}, workflow.get("spec") or {}
        nodes = status.get("nodes") or {}
        strategy = (spec.get("podGC") or {}).get("strategy")
        for pod in self._mine(self._pods, self._owned, key):
            metadata = pod["metadata"]
            node = nodes.get((metadata.get("annotations") or {}).get(NODE_ID, ""))
            ended = (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}
            if node is None or node["phase"] not in FULFILLED or not ended:
                continue
            name, namespace = metadata["name"], metadata["namespace"]
            try:
                if _is_to_go(strategy, status.get("phase", ""), node["phase"]):
                    await self._client.delete(PODS, name, namespace, uid=metadata["uid"])
                elif metadata["labels"].get(COMPLETED) != "true":
                    patch = {"metadata": {"labels": {COMPLETED: "true"}}}
                    await self._client.patch(PODS, name, patch, namespace=namespace)
            except ApiError as error:
                if not error.not_found and not error.conflict and error.code != 403:
                    raise
        if status.get("phase") in ENDED:
            await self._remove_results(key)

    async def _remove_results(self, key: Key) -> None:
        for result in self._mine(self._results, self._reported, key):
            metadata = result["metadata"]
            try:
                await self._client.delete(
                    WORKFLOW_TASK_RESULTS, metadata["name"], metadata["namespace"]
                )
            except ApiError as error:
                if not error.not_found and error.code != 403:
                    raise

    async def _expire(self, workflow: Object) -> float | None:
        """Remove a Workflow whose time after its end is over; seconds until then, if it has one."""
        config = await read_config(self._client)
        defaults = (config.defaults.get("spec") or {}).get("ttlStrategy") or {}
        strategy = {**defaults, **((workflow.get("spec") or {}).get("ttlStrategy") or {})}
        status = workflow.get("status") or {}
        own = "secondsAfterSuccess" if status.get("phase") == "Succeeded" else "secondsAfterFailure"
        seconds = strategy.get(own, strategy.get("secondsAfterCompletion"))
        if seconds is None or not status.get("finishedAt"):
            return None
        due = moment(status["finishedAt"]) + timedelta(seconds=float(seconds))
        left = (due - datetime.now(UTC)).total_seconds()
        if left > 0:
            return left
        metadata = workflow["metadata"]
        await self._client.delete(
            WORKFLOWS,
            metadata["name"],
            metadata["namespace"],
            uid=metadata["uid"],
            propagation="Background",
        )
        return None


def _is_to_go(strategy: str | None, workflow: str, node: str) -> bool:
    """Whether a pod is to be removed now."""
    return {
        "OnPodCompletion": True,
        "OnPodSuccess": node == "Succeeded",
        "OnWorkflowCompletion": workflow in ENDED,
        "OnWorkflowSuccess": workflow == "Succeeded",
    }.get(strategy or "", False)


def _node_events(before: Any, node: Any) -> list[tuple[str, str, str]]:
    """What is told of a node whose phase has changed."""
    phases = []
    if before is None or before["phase"] != node["phase"]:
        if node["phase"] in ENDED and (before is None or before["phase"] == "Pending"):
            phases.append("Running")
        if node["phase"] in ENDED or node["phase"] == "Running" or before is not None:
            phases.append(node["phase"])
    found = []
    for phase in phases:
        kind = "Normal" if phase in {"Succeeded", "Running"} else "Warning"
        message = f"{phase} node {node['name']}"
        if node.get("message"):
            message += f": {node['message']}"
        found.append((kind, f"WorkflowNode{phase}", message))
    return found


def _version(obj: Object) -> int:
    return int(obj["metadata"]["resourceVersion"])
