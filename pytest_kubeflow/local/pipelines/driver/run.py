"""RunWorker: one run, from its Workflow object to its end."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime
from typing import Any

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import CONFIG_MAPS, PODS
from pytest_kubeflow.local.metadata import MetadataStore
from pytest_kubeflow.local.pipelines.driver.dag import DagRunner
from pytest_kubeflow.local.pipelines.driver.inputs import variables
from pytest_kubeflow.local.pipelines.driver.inputs.executor_input import run_root
from pytest_kubeflow.local.pipelines.driver.inputs.resolve import pipeline_inputs
from pytest_kubeflow.local.pipelines.driver.inputs.values import InnerError, TaskError
from pytest_kubeflow.local.pipelines.driver.mlmd.recorder import ExecutionRecorder
from pytest_kubeflow.local.pipelines.driver.pods import workspace
from pytest_kubeflow.local.pipelines.driver.pods.attempt import Tools
from pytest_kubeflow.local.pipelines.driver.pods.failing import complaint, fail_in_pod
from pytest_kubeflow.local.pipelines.driver.pods.task_pods import FINAL, phase
from pytest_kubeflow.local.pipelines.driver.rights import Rights, rights_of, without_results
from pytest_kubeflow.local.pipelines.driver.task import TaskRunner
from pytest_kubeflow.local.pipelines.driver.workflow.nodes import Kind, TaskNode
from pytest_kubeflow.local.pipelines.driver.workflow.status import WorkflowStatus
from pytest_kubeflow.local.pipelines.driver.workflow.task_results import TaskResults
from pytest_kubeflow.local.pipelines.spec import PipelineDocument
from pytest_kubeflow.local.pipelines.workflows import GENERATION, RUN_LABEL, RUN_NAME, SCHEDULED

log = logging.getLogger(__name__)

# As Argo says it of a Workflow whose activeDeadlineSeconds were set to 0, and of its pods.
TERMINATED = "retry exceeded workflow deadline"
_STOPPED = "Step exceeded its deadline"
_LAUNCHER_SETTINGS = "kfp-launcher"  # the ConfigMap with a namespace's pipeline root


class RunWorker:
    """Runs the pipeline that `workflow` holds; `generation` counts its retries."""

    def __init__(self, workflow: Object, tools: Tools, metadata: MetadataStore) -> None:
        self._workflow = workflow
        self._tools = tools
        self._store = metadata
        self._meta: dict[str, Any] = workflow["metadata"]
        self._run_id: str = self._meta["labels"][RUN_LABEL]
        self.generation = generation_of(workflow)
        self.status = WorkflowStatus(tools.client, workflow, self.generation)
        self._results = TaskResults(tools.client, workflow)
        self._walk: asyncio.Task[None] | None = None
        self._terminated = False

    def terminate(self) -> None:
        """End the run, with its pods; `run` returns when they are gone."""
        self._terminated = True
        if self._walk is not None:
            self._walk.cancel()

    async def run(self) -> None:
        """Work until the run has ended and its status is written."""
        writer = asyncio.create_task(self.status.keep_written())
        self._walk = asyncio.create_task(self._run_pipeline())
        if self._terminated:
            self._walk.cancel()
        try:
            await asyncio.wait([self._walk])
            if self._walk.cancelled():
                await self._remove_pods()
                message = f"{TERMINATED} {self._deadline}"
                # Nobody tells ML Metadata: who would is stopped.
                self.status.stop("Failed", message, of_pods=_STOPPED)
                self.status.finish("Failed", message)
            else:
                self._conclude(self._walk.exception())
        finally:
            self._walk.cancel()
            writer.cancel()
            await asyncio.gather(self._walk, writer, return_exceptions=True)
        await self.status.write()
        await self._results.clear()

    def _conclude(self, error: BaseException | None) -> None:
        if error is None:
            self.status.finish("Succeeded")
        elif isinstance(error, TaskError):
            self.status.finish("Failed", str(error))
        else:
            log.error("run %s ended by an error of the driver", self._run_id, exc_info=error)
            self.status.stop("Error", repr(error))
            self.status.finish("Error", f"the driver failed: {error!r}")

    async def _run_pipeline(self) -> None:
        known = variables.of_workflow(self._workflow)
        given = {
            one["name"]: json.loads(variables.replaced(one["value"], known))
            for one in self._workflow["spec"]["arguments"]["parameters"]
        }
        document = PipelineDocument.from_struct(given["pipeline-spec"])
        config = given["runtime-config"]
        root = run_root(await self._pipeline_root(document, config), document.name, self._run_id)
        recorder = ExecutionRecorder(
            self._store,
            pipeline_name=document.name,
            run_id=self._run_id,
            namespace=self._meta["namespace"],
            run_root=root,
            retried=self.generation > 0,
            records_inputs=not self._tools.faults.active("lineage-lost"),
        )
        self.status.pipeline_context = recorder.pipeline_context
        self.status.run_context = recorder.run_context
        component = document.spec["root"]
        inputs = pipeline_inputs(component, config.get("parameters") or {})
        node = self.status.node(TaskNode(self._meta["name"], Kind.DAG, "root"))
        rights = await self._rights()
        if rights.settings:
            await self._root_driver_failed(node, document.name, rights.settings)
        node.execution_id = recorder.start_root(inputs)
        self.status.move(node, "Running")
        runner = TaskRunner(
            self._tools,
            self._workflow,
            self._run_id,
            document.name,
            root,
            recorder,
            self.status,
            rights,
            self._results,
        )
        dags = DagRunner(document, runner, self._names())
        try:
            if "dag" not in component:
                raise TaskError("the root component has no dag")
            if space := (document.platform.get("pipelineConfig") or {}).get("workspace"):
                await workspace.make_claim(self._tools.client, self._workflow, space)
            await dags.run(component, inputs, node)
        except TaskError as error:
            if not isinstance(error, InnerError):
                await self._fail_root_driver(node, document.name, str(error))
            self.status.move(node, "Failed")
            raise
        self.status.move(node, "Succeeded")

    @property
    def _deadline(self) -> str:
        """When a terminated run should have ended, as Go prints a time: when it began."""
        begun = datetime.fromisoformat(self._meta["creationTimestamp"])
        return f"{begun:%Y-%m-%d %H:%M:%S} +0000 UTC"

    async def _rights(self) -> Rights:
        namespace, account = self._meta["namespace"], self._workflow["spec"]["serviceAccountName"]
        if self._tools.faults.active("executor-forbidden"):
            return without_results(namespace, account)
        return await rights_of(self._tools.client, namespace, account, self._tools.store.secret)

    async def _root_driver_failed(self, node: TaskNode, pipeline: str, why: str) -> None:
        """The end of a run whose first driver fails. Raises TaskError."""
        await self._fail_root_driver(node, pipeline, why)
        self.status.move(node, "Failed")
        raise TaskError("main: Error (exit code 1)")

    async def _fail_root_driver(self, node: TaskNode, pipeline: str, why: str) -> None:
        pod = node.driver_pod()
        line = complaint("RootDAG", {"pipelineName": pipeline, "runID": self._run_id}, why)
        await fail_in_pod(self._tools, self._workflow, self._run_id, pod, line)
        node.driver = pod

    def _names(self) -> dict[str, str]:
        created = self._meta.get("creationTimestamp", "")
        return {
            "pipeline_job_name": self._meta["annotations"].get(RUN_NAME, ""),
            "pipeline_job_resource_name": self._meta["name"],
            "pipeline_job_uuid": self._run_id,
            "pipeline_job_create_time_utc": created,
            "pipeline_job_schedule_time_utc": self._meta["annotations"].get(SCHEDULED, created),
            "workspace_path": workspace.PATH,
        }

    async def _pipeline_root(self, document: PipelineDocument, config: Object) -> str:
        """Of the run, of the pipeline, of the namespace, or the installation's."""
        chosen = config.get("pipeline_root") or document.spec.get("defaultPipelineRoot")
        if chosen:
            return str(chosen)
        try:
            settings = await self._tools.client.get(
                CONFIG_MAPS, _LAUNCHER_SETTINGS, self._meta["namespace"]
            )
        except ApiError as error:
            if not error.not_found:
                raise
            settings = {}
        root = (settings.get("data") or {}).get("defaultPipelineRoot")
        return str(root or self._tools.store.default_pipeline_root)

    async def _remove_pods(self) -> None:
        """Delete the run's pods and wait until they have ended."""
        waits = []
        namespace = self._meta["namespace"]
        mine = await self._tools.client.list(
            PODS, namespace, label_selector=f"{RUN_LABEL}={self._run_id}"
        )
        for pod in mine["items"]:
            name = pod["metadata"]["name"]
            if phase(pod) in FINAL:
                continue  # a finished pod keeps its log
            ended = self._tools.pods.follow(namespace, name, lambda _: None)
            try:
                await self._tools.client.delete(PODS, name, namespace)
            except (ApiError, ApiUnreachableError) as error:
                log.debug("pod %s: %s", name, error)
                ended.cancel()
                continue
            waits.append(ended)
        await asyncio.gather(*waits)


def generation_of(workflow: Object) -> int:
    """How often the run was retried."""
    return int((workflow["metadata"].get("annotations") or {}).get(GENERATION, 0))
