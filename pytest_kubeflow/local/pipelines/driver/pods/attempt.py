"""One attempt at a task: its pod, from creation to what its launcher reports."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.pipelines.driver.caching import Cache
from pytest_kubeflow.local.pipelines.driver.inputs.values import PodError
from pytest_kubeflow.local.pipelines.driver.pods.task_pods import (
    TaskPods,
    failure,
    phase,
    waiting_for,
)
from pytest_kubeflow.local.pipelines.driver.report import Report
from pytest_kubeflow.local.pipelines.driver.workflow.nodes import PodNode
from pytest_kubeflow.local.pipelines.driver.workflow.status import WorkflowStatus
from pytest_kubeflow.local.pipelines.settings import StoreSettings

_USED_UP = "exceeded quota"
_REQUEUE = 5.0
"""Seconds until a pod that a quota had no room for is asked for again."""

_FINISHING = 5.0
"""Seconds for a creation that was begun."""


class AttemptError(PodError):
    """A pod that ran and failed: what another attempt may mend.

    `phase` and `reason` are Argo's, `report` what the launcher has told, if it has.
    """

    def __init__(self, phase: str, reason: str, report: Report | None) -> None:
        message = report.error if report is not None else ""
        super().__init__(f"{reason}: {message}" if message else reason)
        self.phase = phase
        self.reason = reason
        self.report = report

    @property
    def succeeded(self) -> bool:
        """Whether the component had, before Argo's executor failed."""
        return self.report is not None and not self.report.error


@dataclass(frozen=True, slots=True)
class Tools:
    """What every run of the driver works with.

    `strict`: what does not work in the backend does not here. `reports` are those of pods that are
    awaited.
    """

    client: KubeClient
    pods: TaskPods
    store: StoreSettings
    faults: Faults
    cache: Cache
    strict: bool = False
    reports: dict[Key, Report | None] = field(default_factory=dict)


async def attempt(
    tools: Tools,
    manifest: Object,
    node: PodNode,
    status: WorkflowStatus,
    created: Callable[[Object], None],
) -> Report:
    """Make the pod and wait for its end; `created` is told of it, `node` shows how it goes.

    Raises AttemptError if the pod has failed, PodError if there is no use in another one.
    """

    def show(pod: Object) -> None:
        running = phase(pod) == "Running"
        status.move(node, "Running" if running else "Pending", waiting_for(pod))

    namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
    await tools.pods.clear(namespace, name)
    ended = tools.pods.follow(namespace, name, show)
    tools.reports[namespace, name] = None
    try:
        if not tools.faults.active("run-stuck-pending"):
            created(await _created(tools.client, manifest, node, status))
        pod = await ended
        report = tools.reports[namespace, name]
    except ApiError as error:
        raise PodError(f"the task's pod was refused: {error.message}") from None
    finally:
        ended.cancel()
        del tools.reports[namespace, name]
    if pod is None:
        raise PodError(f"pod deleted: {name} was removed while its task was running")
    if phase(pod) == "Failed":
        raise AttemptError(*failure(pod), report)
    if report is None:
        raise PodError(f"pod {name} succeeded, but its launcher reported no outputs")
    return report


async def _created(
    client: KubeClient, manifest: Object, node: PodNode, status: WorkflowStatus
) -> Object:
    """Make the pod, as soon as a quota has room for it: Argo's controller asks again.

    Meanwhile the node is pending, with what Kubernetes says (workflow/controller/operator.go,
    requeueIfTransientErr). Raises ApiError.
    """
    while True:
        try:
            return await _whole(client.create(PODS, manifest))
        except ApiError as error:
            if error.code != 403 or _USED_UP not in error.message:
                raise
            status.move(node, "Pending", error.message)
        await asyncio.sleep(_REQUEUE)


async def _whole(creation: Coroutine[Any, Any, Object]) -> Object:
    """Finish a creation even if we are cancelled, so that no pod is made behind our back.

    Not for long: where Kubernetes is away, there is nothing to finish.
    """
    task = asyncio.ensure_future(creation)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=_FINISHING)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise
