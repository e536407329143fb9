"""A task in a pod: from its inputs to its outputs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube import ApiError, KubeClient
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import PODS
from pytest_kubeflow.local.pipelines.driver import claims
from pytest_kubeflow.local.pipelines.driver.executor_input import executor_input
from pytest_kubeflow.local.pipelines.driver.ledger import Ledger
from pytest_kubeflow.local.pipelines.driver.platform import Resolve, apply_platform
from pytest_kubeflow.local.pipelines.driver.pod import TaskPod
from pytest_kubeflow.local.pipelines.driver.pods import TaskPods, failure, phase, waiting_for
from pytest_kubeflow.local.pipelines.driver.report import Report
from pytest_kubeflow.local.pipelines.driver.status import TaskNode, WorkflowStatus
from pytest_kubeflow.local.pipelines.driver.values import TaskError, Values
from pytest_kubeflow.local.pipelines.settings import StoreSettings

Json = Any

_HANGING = ("sh", "-c", "while :; do sleep 3600; done")


@dataclass(frozen=True, slots=True)
class Tools:
    """What every run of the driver works with. `reports` are those of pods that are awaited."""

    client: KubeClient
    pods: TaskPods
    store: StoreSettings
    faults: Faults
    reports: dict[Key, Report | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Executor:
    """The part of a compiled pipeline that says what a container task runs."""

    component: Json
    container: Json
    platform: Json


@dataclass(frozen=True, slots=True)
class TaskRunner:
    """Runs the container tasks of one run."""

    tools: Tools
    workflow: Object
    run_id: str
    pipeline_name: str
    run_root: str
    ledger: Ledger
    status: WorkflowStatus

    async def run(
        self,
        name: str,
        node: TaskNode,
        executor: Executor,
        inputs: Values,
        resolve: Resolve,
    ) -> Values:
        """Do the task `name`, whose execution is `node.execution_id`. Raises TaskError."""
        image = executor.container["image"]
        if claims.is_claim(image):
            self.status.move(node, "Running")
            namespace = self.workflow["metadata"]["namespace"]
            outputs = await claims.operate(self.tools.client, image, inputs.parameters, namespace)
            return self.ledger.complete(node.execution_id, outputs, {})
        manifest = self._manifest(name, node, executor, inputs, resolve)
        report = await self._run_pod(manifest, node)
        if self.tools.faults.active("wrong-output"):
            report = _off_by_one(report)
        if self.tools.faults.active("metadata-lost"):
            report = _bare(report)
        return self.ledger.complete(node.execution_id, report.parameters, report.artifacts)

    def _manifest(
        self, name: str, node: TaskNode, executor: Executor, inputs: Values, resolve: Resolve
    ) -> Object:
        faults = self.tools.faults
        pod = TaskPod(
            name=node.id,
            workflow=self.workflow,
            run_id=self.run_id,
            pipeline_name=self.pipeline_name,
            task_name=name,
            execution_id=node.execution_id,
            component=executor.component,
            container=executor.container,
            executor_input=executor_input(
                inputs, executor.component, run_root=self.run_root, task_name=name
            ),
            store=self.tools.store,
            launcher_options=("--lose_artifacts",) if faults.active("artifact-lost") else (),
        )
        manifest = pod.manifest()
        apply_platform(manifest, executor.platform, resolve)
        if faults.active("task-hangs"):
            manifest["spec"]["containers"][0]["args"] = list(_HANGING)
        return manifest

    async def _run_pod(self, manifest: Object, node: TaskNode) -> Report:
        """Make the pod and wait for its end; what its launcher reported. Raises TaskError."""
        tools = self.tools
        namespace, name = manifest["metadata"]["namespace"], manifest["metadata"]["name"]
        ended = tools.pods.follow(namespace, name, lambda pod: self._show(pod, node))
        tools.reports[namespace, name] = None
        try:
            if not tools.faults.active("run-stuck-pending"):
                made = await _whole(tools.client.create(PODS, manifest))
                self.ledger.set_pod(node.execution_id, name, made["metadata"]["uid"])
            pod = await ended
            report = tools.reports[namespace, name]
        except ApiError as error:
            raise TaskError(f"the task's pod was refused: {error.message}") from None
        finally:
            ended.cancel()
            del tools.reports[namespace, name]
        if pod is None:
            raise TaskError(f"pod deleted: {name} was removed while its task was running")
        if phase(pod) == "Failed":
            why = failure(pod)
            reported = report.error if report else ""
            raise TaskError(why if reported in why else f"{why}: {reported}")
        if report is None:
            raise TaskError(f"pod {name} succeeded, but its launcher reported no outputs")
        return report

    def _show(self, pod: Object, node: TaskNode) -> None:
        running = phase(pod) == "Running"
        self.status.move(node, "Running" if running else "Pending", waiting_for(pod))


async def _whole(creation: Coroutine[Any, Any, Object]) -> Object:
    """Finish a creation even if we are cancelled, so that no pod is made behind our back."""
    task = asyncio.ensure_future(creation)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def pod_name(workflow: str) -> str:
    """A new name for a task's pod, as Argo makes them: workflow, template, a number."""
    return f"{workflow}-system-container-impl-{uuid.uuid4().int % 10**10:010}"


def _off_by_one(report: Report) -> Report:
    wrong = {
        name: value + 1
        if isinstance(value, (int, float)) and not isinstance(value, bool)
        else value
        for name, value in report.parameters.items()
    }
    return replace(report, parameters=wrong)


def _bare(report: Report) -> Report:
    artifacts = {
        name: [replace(one, metadata={}) for one in found]
        for name, found in report.artifacts.items()
    }
    return replace(report, artifacts=artifacts)
