"""WorkflowTaskResults: what Argo's executor in each pod of a run tells the workflow controller.

One for each pod, with its node's id for a name: made as the pod starts, marked as completed at its
end, and gone with the others when the Workflow has ended. Who may not make them has no use of pods
(`rights.py`), so here the server writes them for the account.
Source: argo-workflows workflow/executor/taskresult.go and controller/operator.go.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import WORKFLOW_TASK_RESULTS
from pytest_kubeflow.local.pipelines.driver.workflow.argo import node_id

log = logging.getLogger(__name__)

_WORKFLOW = "workflows.argoproj.io/workflow"
_COMPLETED = "workflows.argoproj.io/report-outputs-completed"


class TaskResults:
    """Those of one Workflow; nobody waits for them but `clear`."""

    def __init__(self, client: KubeClient, workflow: Object) -> None:
        self._client = client
        self._workflow: Object = workflow["metadata"]
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def begun(self, node: str) -> None:
        """The pod of the node of this name is there."""
        self._tasks[node] = asyncio.create_task(self._create(node), name=f"result of {node}")

    def ended(self, node: str) -> None:
        """It has come to its end."""
        begun = self._tasks.get(node)
        if begun is not None:
            work = self._complete(begun, node)
            self._tasks[node] = asyncio.create_task(work, name=f"result of {node}")

    async def clear(self) -> None:
        """Remove them all."""
        if not self._tasks:
            return
        await asyncio.gather(*self._tasks.values())
        self._tasks.clear()
        await self._try(
            self._client.request(
                "DELETE",
                WORKFLOW_TASK_RESULTS.path(self._workflow["namespace"]),
                params={"labelSelector": f"{_WORKFLOW}={self._workflow['name']}"},
            )
        )

    async def _create(self, node: str) -> None:
        owner = self._workflow
        made = {
            "metadata": {
                "name": node_id(owner["name"], node),
                "namespace": owner["namespace"],
                "labels": {_WORKFLOW: owner["name"], _COMPLETED: "false"},
                "ownerReferences": [
                    {
                        "apiVersion": "argoproj.io/v1alpha1",
                        "kind": "Workflow",
                        "name": owner["name"],
                        "uid": owner["uid"],
                    }
                ],
            }
        }
        await self._try(self._client.create(WORKFLOW_TASK_RESULTS, made))

    async def _complete(self, begun: asyncio.Task[None], node: str) -> None:
        await begun
        await self._try(
            self._client.patch(
                WORKFLOW_TASK_RESULTS,
                node_id(self._workflow["name"], node),
                {"metadata": {"labels": {_COMPLETED: "true"}}},
                namespace=self._workflow["namespace"],
            )
        )

    async def _try(self, work: Awaitable[object]) -> None:
        """The run does not depend on it: its namespace may be on its way out."""
        try:
            await work
        except (ApiError, ApiUnreachableError) as error:
            log.debug("results of %s: %s", self._workflow["name"], error)
