"""A task that is no DAG: from its inputs to its outputs, by way of a pod, the cache or neither."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.driver import caching, claims, workspace
from pytest_kubeflow.local.pipelines.driver.attempt import AttemptError, Tools, attempt
from pytest_kubeflow.local.pipelines.driver.executor_input import executor_input
from pytest_kubeflow.local.pipelines.driver.importer import import_artifact
from pytest_kubeflow.local.pipelines.driver.ledger import Ledger
from pytest_kubeflow.local.pipelines.driver.platform import apply_platform, claim_names
from pytest_kubeflow.local.pipelines.driver.pod import OWN_VOLUMES, TaskPod, own_environment
from pytest_kubeflow.local.pipelines.driver.report import Artifact, Report
from pytest_kubeflow.local.pipelines.driver.retry import RetryPolicy
from pytest_kubeflow.local.pipelines.driver.status import TaskNode, WorkflowStatus
from pytest_kubeflow.local.pipelines.driver.step import Step, pod_name
from pytest_kubeflow.local.pipelines.driver.task_config import inputs_for, pass_through
from pytest_kubeflow.local.pipelines.driver.values import Values

Json = Any

_IMPORTER_IMAGE = "busybox"
_HANGING = ("sh", "-c", "while :; do sleep 3600; done")


@dataclass(frozen=True, slots=True)
class TaskRunner:
    """Runs the tasks of one run."""

    tools: Tools
    workflow: Object
    run_id: str
    pipeline_name: str
    run_root: str
    ledger: Ledger
    status: WorkflowStatus

    async def run(self, step: Step) -> Values:
        """Do the task; `step.node.execution_id` becomes its execution. Raises TaskError."""
        if "importer" in step.executor:
            return await import_artifact(step, self.ledger, self._into_workspace)
        image = step.container["image"]
        # What a claim is to be called counts for the cache, but is none of the task's inputs.
        inputs = claims.named(image, step.inputs) if claims.is_claim(image) else step.inputs
        volumes = claim_names(step.platform, step.resolve)
        if workspace.is_wanted(step.inputs):
            volumes.append(workspace.claim_name(self.workflow["metadata"]["name"]))
        key = caching.fingerprint(replace(step, inputs=inputs), volumes)
        found = self._find(step, key)
        execution = step.node.execution_id = self.ledger.start_container(
            step, fingerprint=key if step.cached else "", cached=found
        )
        if found:
            self._show_cached(step.node)
            return self.ledger.reuse(execution, found)
        if claims.is_claim(image):
            self.status.move(step.node, "Running")
            outputs = await claims.operate(
                self.tools.client, image, inputs.parameters, self._namespace
            )
            values = self.ledger.complete(execution, outputs, {})
        else:
            report = self._tampered(await self._attempts(step))
            values = self.ledger.complete(execution, report.parameters, report.artifacts)
        if step.cached and image != claims.DELETE:
            self.tools.cache.add(self.pipeline_name, self._namespace, key, execution)
        return values

    @property
    def _namespace(self) -> str:
        return str(self.workflow["metadata"]["namespace"])

    def _find(self, step: Step, key: str) -> int:
        if not step.cached:
            return 0
        return self.tools.cache.find(self.pipeline_name, self._namespace, key)

    def _show_cached(self, node: TaskNode) -> None:
        """As Argo has it: a task's DAG, in which the executor was skipped."""
        node.kind = "DAG"
        skipped = self.status.node(TaskNode(f"{node.id}.executor", "executor", "Skipped", node.id))
        self.status.move(skipped, "Skipped", "when 'true != true' evaluated false")

    async def _attempts(self, step: Step) -> Report:
        """One attempt, and as many more as the task's policy grants. Raises TaskError."""
        policy = RetryPolicy.of(step.task)
        if policy is None:
            return await self._attempt(step, step.node)
        step.node.kind = "Retry"
        began = time.monotonic()
        pauses = policy.pauses()
        number = 0
        while True:
            name = pod_name(f"{self.workflow['metadata']['name']}-retry")
            node = TaskNode(name, f"{step.display_name}({number})", "Pod", step.node.id)
            self.status.node(node)
            self.status.move(step.node, "Running")
            try:
                report = await self._attempt(step, node, number)
            except AttemptError as error:
                self.status.move(node, "Failed", str(error))
                self.ledger.finish(step.node.execution_id, "FAILED")
                pause = next(pauses, None)
                late = policy.longest and time.monotonic() - began > policy.longest
                if pause is None or late:
                    raise
                await asyncio.sleep(pause)
            else:
                self.status.move(node, "Succeeded")
                return report
            number += 1
            self.ledger.restart(step.node.execution_id)

    async def _attempt(self, step: Step, node: TaskNode, number: int | None = None) -> Report:
        manifest = self._manifest(step, node.id)
        if number is not None:
            index = {"name": "KFP_RETRY_INDEX", "value": str(number)}
            manifest["spec"]["containers"][0]["env"].append(index)
        execution = step.node.execution_id

        def created(pod: Object) -> None:
            self.ledger.set_pod(execution, pod["metadata"]["name"], pod["metadata"]["uid"])

        return await attempt(self.tools, manifest, node, self.status, created)

    async def _into_workspace(self, step: Step, artifact: Artifact) -> None:
        """A pod whose launcher brings an artifact to the workspace. Raises TaskError."""
        node = TaskNode(
            pod_name(self.workflow["metadata"]["name"]), "importer", "Pod", step.node.id
        )
        found = {"artifact": {"artifacts": [artifact.to_runtime()]}}
        pod = replace(
            self._pod(step, node.id),
            container={"image": _IMPORTER_IMAGE, "command": ["true"]},
            component={},
            executor_input={
                "inputs": {"parameterValues": {}, "artifacts": found},
                "outputs": {"outputFile": "/minio/executor_output.json"},
            },
            launcher_options=("--into_workspace",),
        )
        manifest = pod.manifest()
        workspace.mount(manifest, self.workflow["metadata"]["name"])
        await attempt(self.tools, manifest, self.status.node(node), self.status, lambda _: None)
        self.status.move(node, "Succeeded")

    def _pod(self, step: Step, name: str) -> TaskPod:
        faults = self.tools.faults
        return TaskPod(
            name=name,
            workflow=self.workflow,
            run_id=self.run_id,
            pipeline_name=self.pipeline_name,
            run_root=self.run_root,
            task_name=step.key,
            execution_id=step.node.execution_id,
            component=step.component,
            container=step.container,
            executor_input=executor_input(
                step.inputs, step.component, run_root=self.run_root, task_name=step.key
            ),
            store=self.tools.store,
            launcher_options=("--lose_artifacts",) if faults.active("artifact-lost") else (),
        )

    def _manifest(self, step: Step, name: str) -> Object:
        pod = self._pod(step, name)
        manifest = pod.manifest()
        apply_platform(manifest, step.platform, step.resolve)
        if workspace.is_wanted(step.inputs):
            workspace.mount(manifest, self.workflow["metadata"]["name"])
        if step.component.get("taskConfigPassthroughs"):
            own = own_environment(self.tools.store)
            config = pass_through(manifest, step.component, env=own, volumes=OWN_VOLUMES)
            given = dict.fromkeys(inputs_for(step.component), config)
            pod.executor_input["inputs"]["parameterValues"] |= given
            manifest["spec"]["containers"][0]["command"] = pod.launcher()
        if self.tools.faults.active("task-hangs"):
            manifest["spec"]["containers"][0]["args"] = list(_HANGING)
        return manifest

    def _tampered(self, report: Report) -> Report:
        """The report as the active faults have it."""
        if self.tools.faults.active("wrong-output"):
            report = _off_by_one(report)
        if self.tools.faults.active("metadata-lost"):
            report = _bare(report)
        return report


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
