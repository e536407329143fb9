"""A task that is no DAG: from its inputs to its outputs, by way of a pod, the cache or neither."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.pipelines.driver import caching, claims
from pytest_kubeflow.local.pipelines.driver.importer import import_artifact
from pytest_kubeflow.local.pipelines.driver.inputs import variables
from pytest_kubeflow.local.pipelines.driver.inputs.executor_input import executor_input
from pytest_kubeflow.local.pipelines.driver.inputs.values import (
    InnerError,
    PodError,
    TaskError,
    Values,
)
from pytest_kubeflow.local.pipelines.driver.mlmd.recorder import ExecutionRecorder
from pytest_kubeflow.local.pipelines.driver.pods import workspace
from pytest_kubeflow.local.pipelines.driver.pods.attempt import AttemptError, Tools, attempt
from pytest_kubeflow.local.pipelines.driver.pods.failing import complaint, fail_in_pod
from pytest_kubeflow.local.pipelines.driver.pods.platform import apply_platform, claim_names
from pytest_kubeflow.local.pipelines.driver.pods.pod import OWN_VOLUMES, TaskPod, own_environment
from pytest_kubeflow.local.pipelines.driver.pods.spoiling import spoil
from pytest_kubeflow.local.pipelines.driver.report import Artifact, Report
from pytest_kubeflow.local.pipelines.driver.retry import BY_DEFAULT, RetryPolicy
from pytest_kubeflow.local.pipelines.driver.rights import Rights
from pytest_kubeflow.local.pipelines.driver.step import Step
from pytest_kubeflow.local.pipelines.driver.task_config import inputs_for, pass_through
from pytest_kubeflow.local.pipelines.driver.workflow import argo
from pytest_kubeflow.local.pipelines.driver.workflow.nodes import Kind, PodNode, TaskNode
from pytest_kubeflow.local.pipelines.driver.workflow.status import WorkflowStatus
from pytest_kubeflow.local.pipelines.driver.workflow.task_results import TaskResults

Json = Any

_IMPORTER_IMAGE = "busybox"


@dataclass(frozen=True, slots=True)
class TaskRunner:
    """Runs the tasks of one run."""

    tools: Tools
    workflow: Object
    run_id: str
    pipeline_name: str
    run_root: str
    recorder: ExecutionRecorder
    status: WorkflowStatus
    rights: Rights
    results: TaskResults

    async def run(self, step: Step) -> Values:
        """Do the task; `step.node.execution_id` becomes its execution. Raises TaskError."""
        if "importer" in step.executor:
            return await import_artifact(step, self.recorder, self._into_workspace)
        image = step.container["image"]
        # What a claim is to be called counts for the cache, but is none of the task's inputs.
        inputs = claims.named(image, step.inputs) if claims.is_claim(image) else step.inputs
        volumes = claim_names(step.platform, step.resolve)
        if workspace.is_wanted(step.inputs):
            volumes.append(workspace.claim_name(self.workflow["metadata"]["name"]))
        key = caching.fingerprint(replace(step, inputs=inputs), volumes)
        found = self._find(step, key)
        execution = step.node.execution_id = self.recorder.start_container(
            step, fingerprint=key if step.cached else "", cached=found
        )
        if found:
            step.node.cached = True
            return self.recorder.reuse(execution, found)
        if claims.is_claim(image):
            self.status.move(step.node, "Running")
            outputs = await claims.operate(
                self.tools.client, image, inputs.parameters, self._namespace
            )
            values = self.recorder.complete(execution, outputs, {})
        else:
            report = self._tampered(await self._attempts(step))
            values = self.recorder.complete(execution, report.parameters, report.artifacts)
            self.recorder.launched(step)
        if image != claims.DELETE and (step.cached or self.tools.faults.active("cache-forced")):
            self.tools.cache.add(self.pipeline_name, self._namespace, key, execution)
        return values

    @property
    def _namespace(self) -> str:
        return str(self.workflow["metadata"]["namespace"])

    def _find(self, step: Step, key: str) -> int:
        faults = self.tools.faults
        wanted = step.cached or faults.active("cache-forced")
        if not wanted or faults.active("cache-ignored"):
            return 0
        return self.tools.cache.find(self.pipeline_name, self._namespace, key)

    async def failed(self, step: Step, error: TaskError) -> None:
        """Show that a task, or an iteration, has failed; whose doing it was decides how."""
        node = step.node
        if not isinstance(error, (PodError, InnerError)):
            await self._driver_failed(step, str(error))
        # DAGs are moved by launchers.
        recorded = isinstance(error, AttemptError) and error.report is not None
        if node.execution_id and node.kind not in {Kind.DAG, Kind.LOOP} and not recorded:
            self.recorder.finish(node.execution_id, "FAILED")
        message = node.attempts[-1].message if node.attempts else ""
        phase = node.attempts[-1].phase if node.attempts else "Failed"
        self.status.move(node, phase, message)

    async def _driver_failed(self, step: Step, why: str) -> None:
        node = step.node
        importer = node.kind is Kind.IMPORTER
        if importer or node.kind is Kind.CLAIM:
            pod = node.add_attempt(argo.IMPORTER if importer else argo.CONTAINER_DRIVER)
        else:
            pod = node.driver_pod()
        line = f"failed to execute importer component: {why}"
        if not importer:
            details: dict[str, Json] = {
                "pipelineName": self.pipeline_name,
                "runID": self.run_id,
                "taskName": step.key,
                "component": str((step.task.get("componentRef") or {}).get("name")),
                "dagExecutionID": step.parent,
            }
            if step.iteration is not None:
                details["iterationIndex"] = step.iteration
            kind = "DAG" if node.kind in {Kind.DAG, Kind.LOOP} else "Container"
            line = complaint(kind, details, why)
        program = "launcher" if importer else "driver"
        await fail_in_pod(self.tools, self.workflow, self.run_id, pod, line, program)
        if pod not in node.attempts:
            node.driver = pod
        self.status.changed()

    def show_known(self, node: TaskNode, pod: str) -> None:
        """Show a task that has succeeded in an earlier attempt of the run, by way of this pod."""
        while pod and node.kind is Kind.CONTAINER:
            for template in (argo.IMPLEMENTATION, f"retry-{argo.IMPLEMENTATION}"):
                found = node.add_attempt(template)
                if found.pod == pod:
                    node.attempts[:] = [found]
                    self.status.move(found, "Succeeded")
                    pod = ""
                    break
                node.attempts.pop()
            else:
                node.attempts.append(found)
        self.status.move(self.status.node(node), "Succeeded")

    async def _attempts(self, step: Step) -> Report:
        """One attempt, and as many more as the task's policy grants. Raises TaskError."""
        policy = RetryPolicy.of(step.task)
        template = argo.IMPLEMENTATION if policy is None else f"retry-{argo.IMPLEMENTATION}"
        policy = policy or BY_DEFAULT
        began = time.monotonic()
        pauses = policy.pauses()
        self.status.move(step.node, "Running")
        while True:
            node = step.node.add_attempt(template)
            try:
                report = await self._attempt(step, node, len(step.node.attempts) - 1)
            except AttemptError as error:
                self.status.move(node, error.phase, error.reason)
                self._record(step, error)
                if policy.only_errors and error.phase != "Error":
                    raise
                pause = next(pauses, None)
                late = policy.longest and time.monotonic() - began > policy.longest
                if pause is None or late:
                    raise
                await asyncio.sleep(pause)
            except PodError as error:
                self.status.move(node, "Error", str(error))
                raise
            else:
                self.status.move(node, "Succeeded")
                return report
            self.recorder.restart(step.node.execution_id)

    def _record(self, step: Step, error: AttemptError) -> None:
        """What the launcher of an attempt that failed had told ML Metadata."""
        execution = step.node.execution_id
        if error.report is None:
            self.recorder.finish(execution, "FAILED")
            return
        done = self._tampered(error.report)
        if error.succeeded:
            self.recorder.complete(execution, done.parameters, done.artifacts)
        else:
            self.recorder.fail(execution, done.artifacts)
        self.recorder.launched(step)

    async def _attempt(self, step: Step, node: PodNode, number: int) -> Report:
        manifest = self._manifest(step, node, number)
        if step.task.get("retryPolicy") is not None:
            index = {"name": "KFP_RETRY_INDEX", "value": str(number)}
            manifest["spec"]["containers"][0]["env"].append(index)
        execution = step.node.execution_id

        def created(pod: Object) -> None:
            self.recorder.set_pod(execution, pod["metadata"]["name"], pod["metadata"]["uid"])
            if not self.rights.results:
                self.results.begun(node.name)

        try:
            return await attempt(self.tools, manifest, node, self.status, created)
        finally:
            self.results.ended(node.name)

    async def _into_workspace(self, step: Step, artifact: Artifact) -> None:
        """A pod whose launcher brings an artifact to the workspace. Raises TaskError."""
        node = step.node.add_attempt(argo.IMPORTER)
        found = {"artifact": {"artifacts": [artifact.to_runtime()]}}
        pod = replace(
            self._pod(step, node),
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
        try:
            await attempt(self.tools, manifest, node, self.status, lambda _: None)
        except AttemptError as error:
            self.status.move(node, error.phase, error.reason)
            raise
        self.status.move(node, "Succeeded")

    def _pod(self, step: Step, node: PodNode, number: int = 0) -> TaskPod:
        lost = self.tools.faults.active("artifact-lost")
        return TaskPod(
            name=node.pod,
            node=node.name,
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
            launcher_options=(
                *(["--lose_artifacts"] if lost else []),
                *(["--keys_refused", self.rights.keys] if self.rights.keys else []),
                *(["--strict"] if self.tools.strict else []),
                *(["--retry_index", str(number)] if number else []),
            ),
            refused=self.rights.results,
            strict=self.tools.strict,
        )

    def _manifest(self, step: Step, node: PodNode, number: int) -> Object:
        pod = self._pod(step, node, number)
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
        known = variables.of_workflow(self.workflow)
        known |= variables.of_pod(node.name, node.pod, number)
        main = manifest["spec"]["containers"][0]
        for part in ("command", "args"):
            main[part] = [variables.replaced(one, known) for one in main[part]]
        spoil(manifest, self.tools.faults)
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
