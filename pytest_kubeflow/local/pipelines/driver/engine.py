"""Engine: a RunWorker for each Workflow that is to be run."""

from __future__ import annotations

import asyncio
import logging

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import Informer, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.metadata import MetadataStore
from pytest_kubeflow.local.pipelines.driver.caching import Cache
from pytest_kubeflow.local.pipelines.driver.pods.attempt import Tools
from pytest_kubeflow.local.pipelines.driver.pods.task_pods import TaskPods
from pytest_kubeflow.local.pipelines.driver.report import Report
from pytest_kubeflow.local.pipelines.driver.run import RunWorker, generation_of
from pytest_kubeflow.local.pipelines.driver.workflow.status import FINAL_PHASES
from pytest_kubeflow.local.pipelines.settings import StoreSettings
from pytest_kubeflow.local.pipelines.workflows import COMPILED_LABEL

log = logging.getLogger(__name__)


class Engine:
    """Follows `workflows`, an informer of Workflows with a run's label.

    Packages of KFP 1 among them are left to the workflow controller.
    """

    def __init__(
        self,
        client: KubeClient,
        workflows: Informer,
        metadata: MetadataStore,
        *,
        store: StoreSettings,
        faults: Faults,
        strict: bool = False,
    ) -> None:
        self._pods = TaskPods(client)
        self._tools = Tools(client, self._pods, store, faults, Cache(metadata), strict)
        self._metadata = metadata
        self._workflows = workflows
        self._workers: dict[Key, RunWorker] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._done: dict[str, int] = {}
        """The generation that was run to its end, by the uid of a Workflow."""
        faults.on_change(self._look_again)

    async def start(self) -> None:
        self._watching = asyncio.create_task(self._pods.run(), name="pods of runs")
        await self._pods.synced()
        self._workflows.on_change(self._on_change)

    async def stop(self) -> None:
        """Stop working on runs; their pods are left to the cluster's end."""
        tasks = [*self._tasks.values(), *([self._watching] if self._watching else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def accept(self, namespace: str, pod: str, report: Report) -> bool:
        """Take a launcher's report; False if nobody waits for this pod."""
        if (namespace, pod) not in self._tools.reports:
            return False
        self._tools.reports[namespace, pod] = report
        return True

    def _look_again(self) -> None:
        """Take up what was left while nobody ran Workflows."""
        for workflow in list(self._workflows.objects.values()):
            self._on_change("MODIFIED", workflow)

    def _on_change(self, kind: str, workflow: Object) -> None:
        if COMPILED_LABEL not in workflow["metadata"]["labels"]:
            return
        key = key_of(workflow)
        task = self._tasks.get(key)
        if kind == "DELETED" or workflow["metadata"].get("deletionTimestamp"):
            if task is not None:
                task.cancel()
            if kind == "DELETED":
                self._done.pop(workflow["metadata"]["uid"], None)
            return
        stop = workflow["spec"].get("activeDeadlineSeconds") == 0
        if task is not None:
            if stop:
                self._workers[key].terminate()
            return
        if generation_of(workflow) <= self._done.get(workflow["metadata"]["uid"], -1):
            return  # news of the time before its end
        if _ended(workflow) or self._tools.faults.active("workflows-ignored"):
            return
        worker = self._workers[key] = RunWorker(workflow, self._tools, self._metadata)
        if stop:
            worker.terminate()
        task = self._tasks[key] = asyncio.create_task(worker.run(), name=f"run {key}")
        uid = workflow["metadata"]["uid"]
        task.add_done_callback(lambda ended: self._on_end(key, uid, ended))

    def _on_end(self, key: Key, uid: str, task: asyncio.Task[None]) -> None:
        worker = self._workers.pop(key)
        del self._tasks[key]
        if not task.cancelled():
            if error := task.exception():
                log.error("run %s: its status could not be written", key, exc_info=error)
            else:
                self._done[uid] = worker.generation
        workflow = self._workflows.objects.get(key)
        # A retry that came while the last attempt was still being written.
        if workflow is not None and generation_of(workflow) > worker.generation:
            self._on_change("MODIFIED", workflow)


def _ended(workflow: Object) -> bool:
    status = workflow.get("status") or {}
    finished = status.get("phase") in FINAL_PHASES
    return finished and int(status.get("retryGeneration", 0)) >= generation_of(workflow)
