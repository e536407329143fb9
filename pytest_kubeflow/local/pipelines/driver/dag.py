"""DAGs: their tasks side by side, each as soon as what it depends on has succeeded.

After the first failure no further task is started, while those that run may end, as Argo's
failFast does. What does not run any more is Omitted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.pipelines.driver import claims
from pytest_kubeflow.local.pipelines.driver.resolve import (
    producers,
    resolve_inputs,
    resolve_outputs,
    resolve_parameter,
)
from pytest_kubeflow.local.pipelines.driver.status import TaskNode
from pytest_kubeflow.local.pipelines.driver.task import Executor, TaskRunner, pod_name
from pytest_kubeflow.local.pipelines.driver.values import TaskError, Values
from pytest_kubeflow.local.pipelines.spec import PipelineDocument

Json = Any

_OMITTED = "omitted: depends condition not met"  # Argo's words


class OmittedError(TaskError):
    """A task that was not started, because another one failed."""


class DagRunner:
    """Walks the DAGs of one run; `names` are the values of placeholders such as the run's id."""

    def __init__(
        self, document: PipelineDocument, runner: TaskRunner, names: Mapping[str, str]
    ) -> None:
        self._components: Json = document.spec.get("components") or {}
        self._executors: Json = document.spec["deploymentSpec"]["executors"]
        deployment = document.platform.get("deploymentSpec") or {}
        self._platform: Json = deployment.get("executors") or {}
        self._runner = runner
        self._names = names
        self._failed = False

    async def run(self, component: Json, inputs: Values, node: TaskNode) -> Values:
        """Run the DAG `component`, whose execution is `node.execution_id`.

        Raises TaskError with the first failure, when all its tasks have come to an end.
        """
        tasks: dict[str, Json] = component["dag"].get("tasks") or {}
        started: dict[str, asyncio.Task[Values]] = {}
        ready = asyncio.Event()

        async def run_one(key: str) -> Values:
            await ready.wait()  # until all tasks are there to be waited for
            needed = self._needed(tasks[key])
            if needed:
                await asyncio.wait([started[one] for one in needed])
            return await self._task(key, tasks[key], inputs, node, started)

        for key in tasks:
            started[key] = asyncio.create_task(run_one(key), name=f"task {key}")
        ready.set()
        try:
            if started:
                await asyncio.wait(started.values())
        finally:
            for one in started.values():
                one.cancel()
            await asyncio.gather(*started.values(), return_exceptions=True)
        errors = [one.exception() for one in started.values() if not one.cancelled()]
        for error in errors:
            if error is not None and not isinstance(error, OmittedError):
                raise error
        if any(errors):
            raise OmittedError(_OMITTED)
        return resolve_outputs(
            component["dag"], {key: one.result() for key, one in started.items()}
        )

    def _needed(self, task: Json) -> set[str]:
        if self._runner.tools.faults.active("order-ignored"):
            return producers(task)
        return producers(task) | set(task.get("dependentTasks") or ())

    async def _task(
        self,
        key: str,
        task: Json,
        parent: Values,
        dag: TaskNode,
        started: Mapping[str, asyncio.Task[Values]],
    ) -> Values:
        """One task of a DAG, a nested DAG or one in a pod."""
        runner = self._runner
        status, ledger = runner.status, runner.ledger
        component = self._components[task["componentRef"]["name"]]
        display_name = (task.get("taskInfo") or {}).get("name") or key
        known = ledger.completed(dag.execution_id, key)
        is_dag = "dag" in component
        # As in Argo, where a task that the driver does itself is a DAG without a pod in it.
        in_pod = not is_dag and not claims.is_claim(self._executor(component).container["image"])
        name = pod_name(runner.workflow["metadata"]["name"]) if in_pod else f"{dag.id}.{key}"
        node = status.node(TaskNode(name, display_name, "Pod" if in_pod else "DAG", dag.id))
        if known is not None:
            node.execution_id = known[0]
            status.move(node, "Succeeded")
            return known[1]
        needed = [started[one] for one in self._needed(task)]
        if self._failed or any(one.exception() for one in needed):
            status.move(node, "Omitted", _OMITTED)
            raise OmittedError(f"task {display_name!r} was omitted")
        try:
            # Not only what the inputs name: a platform configuration may use outputs as well.
            upstream = {one: ended.result() for one, ended in started.items() if _succeeded(ended)}
            names = {
                **self._names,
                "pipeline_task_name": key,
                "pipeline_task_uuid": str(dag.execution_id),
            }
            inputs = resolve_inputs(task, component, parent, upstream, names)
            if is_dag:
                values = await self._nested(key, node, component, inputs, dag)
            else:
                executor = self._executor(component)
                node.execution_id = ledger.start_container(
                    key, display_name, dag.execution_id, inputs, executor.container["image"]
                )
                values = await runner.run(
                    key,
                    node,
                    executor,
                    inputs,
                    lambda source: resolve_parameter(source, parent, upstream),
                )
        except TaskError as error:
            self._failed = True
            phase = "Omitted" if isinstance(error, OmittedError) else "Failed"
            status.move(node, phase, str(error))
            if node.execution_id:
                ledger.finish(node.execution_id, "FAILED")
            raise type(error)(f"task {display_name!r}: {error}") from None
        status.move(node, "Succeeded")
        return values

    async def _nested(
        self, key: str, node: TaskNode, component: Json, inputs: Values, dag: TaskNode
    ) -> Values:
        ledger = self._runner.ledger
        execution = ledger.known_dag(dag.execution_id, key) or ledger.start_dag(
            key, node.name, dag.execution_id, inputs, component
        )
        node.execution_id = execution
        self._runner.status.move(node, "Running")
        outputs = await self.run(component, inputs, node)
        ledger.finish(execution, "COMPLETE")
        return outputs

    def _executor(self, component: Json) -> Executor:
        label = component["executorLabel"]
        return Executor(
            component, self._executors[label]["container"], self._platform.get(label) or {}
        )


def _succeeded(task: asyncio.Task[Values]) -> bool:
    return task.done() and not task.cancelled() and task.exception() is None
