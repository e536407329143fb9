"""Workflows that are none of Kubeflow Pipelines': nobody runs Argo's own, and they say so.

A Workflow without a run's label would stay without a status for ever, as if there were no workflow
controller. It ends in Error, with the reason as its message, as one does that Argo cannot run.
"""

from __future__ import annotations

import asyncio
import logging

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import key_of
from pytest_kubeflow.local.kube.resources import WORKFLOWS
from pytest_kubeflow.local.pipelines.driver.nodes import timestamp
from pytest_kubeflow.local.pipelines.workflows import RUN_LABEL

log = logging.getLogger(__name__)

REASON = (
    "the embedded Kubeflow runs no Argo Workflows but those of Kubeflow Pipelines: submit the "
    "pipeline to Kubeflow Pipelines, or run this Workflow on a cluster with Argo"
)


_GRACE = 2.0
"""Seconds for a workflow controller to take one up, on a cluster that has one besides."""


class ForeignWorkflows:
    """Ends each Workflow that is none of a run."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._informer = Informer(client, WORKFLOWS, label_selector=f"!{RUN_LABEL}")
        self._informer.on_change(self._on_change)
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            await self._informer.run()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _on_change(self, kind: str, workflow: Object) -> None:
        if kind != "ADDED" or _taken_up(workflow):
            return
        task = asyncio.create_task(self._end(workflow), name="a Workflow that nobody runs")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _end(self, workflow: Object) -> None:
        await asyncio.sleep(_GRACE)
        current = self._informer.objects.get(key_of(workflow))
        if current is None or _taken_up(current):
            return
        metadata, now = workflow["metadata"], timestamp()
        labels = {"workflows.argoproj.io/phase": "Error", "workflows.argoproj.io/completed": "true"}
        status = {"phase": "Error", "message": REASON, "startedAt": now, "finishedAt": now}
        try:
            await self._client.patch(
                WORKFLOWS,
                metadata["name"],
                {"metadata": {"labels": labels}, "status": status},
                namespace=metadata["namespace"],
            )
        except (ApiError, ApiUnreachableError) as error:
            log.debug("Workflow %s: %s", metadata["name"], error)


def _taken_up(workflow: Object) -> bool:
    return bool((workflow.get("status") or {}).get("phase"))
