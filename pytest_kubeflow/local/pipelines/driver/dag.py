"""DAGs: their tasks side by side, each as soon as all that it depends on has ended.

After the first failure no further task of the same DAG is started but exit tasks, while those that
run may end, as Argo's failFast does. A DAG of which a task has failed has failed itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_kubeflow.local.pipelines.driver import claims
from pytest_kubeflow.local.pipelines.driver.inputs import expression, iterator
from pytest_kubeflow.local.pipelines.driver.inputs.iterator import is_loop
from pytest_kubeflow.local.pipelines.driver.inputs.resolve import (
    iteration_inputs,
    resolve_inputs,
    resolve_outputs,
    resolve_parameter,
)
from pytest_kubeflow.local.pipelines.driver.inputs.values import (
    InnerError,
    PodError,
    TaskError,
    Values,
)
from pytest_kubeflow.local.pipelines.driver.step import Step
from pytest_kubeflow.local.pipelines.driver.task import TaskRunner
from pytest_kubeflow.local.pipelines.driver.trigger import (
    Outcome,
    hooks,
    is_exit_task,
    producers,
    starts,
    upstream,
)
from pytest_kubeflow.local.pipelines.driver.workflow.nodes import FALSE, OMITTED, Kind, TaskNode
from pytest_kubeflow.local.pipelines.spec import PipelineDocument

Json = Any


@dataclass(slots=True)
class Scope:
    """A DAG that is being walked: its inputs, its node, and how its tasks ended so far.

    `error` is that of the first task that failed.
    """

    inputs: Values
    node: TaskNode
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    error: str = ""


class DagRunner:
    """Walks the DAGs of one run; `names` are the values of placeholders such as the run's id."""

    def __init__(
        self, document: PipelineDocument, runner: TaskRunner, names: Mapping[str, str]
    ) -> None:
        self._components: Json = document.spec.get("components") or {}
        self._executors: Json = (document.spec.get("deploymentSpec") or {}).get("executors") or {}
        deployment = document.platform.get("deploymentSpec") or {}
        self._platform: Json = deployment.get("executors") or {}
        self._runner = runner
        self._names = names

    async def run(self, component: Json, inputs: Values, node: TaskNode) -> Values:
        """Run the DAG `component`, whose execution is `node.execution_id`.

        Raises TaskError with the first failure, when all its tasks have come to an end.
        """
        scope = Scope(inputs, node)
        tasks: dict[str, Json] = component["dag"].get("tasks") or {}
        started: dict[str, asyncio.Task[None]] = {}
        ready = asyncio.Event()

        async def run_one(key: str, after: set[str], hook: str = "") -> None:
            await ready.wait()  # until all tasks are there to be waited for
            if after:
                await asyncio.wait([started[one] for one in after])
            scope.outcomes[key] = await self._task(key, tasks[key], scope, after, hook)

        for key, task in tasks.items():
            if is_exit_task(task):
                scope.outcomes[key] = Outcome("Omitted")  # until it is the hook of one that ends
            else:
                work = run_one(key, self._after(task, upstream(task)))
                started[key] = asyncio.create_task(work, name=f"task {key}")
        for before, key in hooks(tasks, self._takes_hooks).items():
            work = run_one(key, self._after(tasks[key], {before}), before)
            started[f"{before}.onExit"] = asyncio.create_task(work, name=f"task {key}")
        ready.set()
        try:
            if started:
                # Tasks that fail are outcomes: an exception is an error of the driver.
                done, _ = await asyncio.wait(started.values(), return_when=asyncio.FIRST_EXCEPTION)
                for one in done:
                    one.result()
        finally:
            for one in started.values():
                one.cancel()
            await asyncio.gather(*started.values(), return_exceptions=True)
        if scope.error:
            raise InnerError(scope.error)
        return resolve_outputs(component["dag"], scope.outcomes)

    def _after(self, task: Json, others: set[str]) -> set[str]:
        """Those of `others` that `task` waits for."""
        if self._runner.tools.faults.active("order-ignored"):
            return others & producers(task)
        return others

    def _takes_hooks(self, task: Json) -> bool:
        """Whether Argo gets to know what is to follow `task`: not of loops, importers, claims."""
        component = self._components[task["componentRef"]["name"]]
        kind = _kind(task, component, self._executor(component))
        return kind in {Kind.DAG, Kind.CONTAINER}

    async def _task(
        self, key: str, task: Json, scope: Scope, after: set[str], hook: str
    ) -> Outcome:
        """One task of a DAG, from its trigger to its end; perhaps as the hook of another."""
        component = self._components[task["componentRef"]["name"]]
        step = self._step(key, task, component, scope, hook)
        known = None if is_exit_task(task) else self._known(step)
        if known is not None:
            return known
        status = self._runner.status
        node = status.node(step.node)
        outcomes = {one: scope.outcomes[one] for one in after}
        lost = is_exit_task(task) and self._runner.tools.faults.active("exit-tasks-lost")
        if lost or not starts(task, outcomes, failed=bool(scope.error)):
            status.move(node, "Omitted", OMITTED)
            return Outcome("Omitted")
        try:
            values = await self._triggered(step, scope)
        except TaskError as error:
            message = f"task {step.display_name!r}: {error}"
            scope.error = scope.error or message
            await self._runner.failed(step, error)
            # To Argo, what a driver has failed before has not been.
            began = isinstance(error, (PodError, InnerError))
            phase = "Failed" if began else "Omitted"
            return Outcome(phase, error=message, state=self._state(step))
        if values is None:
            status.move(node, "Skipped", FALSE)
            return Outcome("Skipped", state=self._state(step))
        status.move(node, "Succeeded")
        return Outcome("Succeeded", values, state=self._state(step))

    def _state(self, step: Step) -> str:
        return self._runner.recorder.state(step.node.execution_id)

    async def _triggered(self, step: Step, scope: Scope) -> Values | None:
        """What a task gives whose turn it is; None if its own condition is not met."""
        names = {
            **self._names,
            "pipeline_task_name": step.key,
            "pipeline_task_uuid": str(step.parent),
        }
        step = replace(
            step,
            inputs=resolve_inputs(step.task, step.component, scope.inputs, scope.outcomes, names),
            resolve=lambda source: resolve_parameter(source, scope.inputs, scope.outcomes),
        )
        condition = (step.task.get("triggerPolicy") or {}).get("condition")
        ignored = self._runner.tools.faults.active("conditions-ignored")
        if condition and not ignored and not expression.holds(condition, step.inputs):
            step.node.execution_id = self._runner.recorder.not_triggered(step)
            return None
        if is_loop(step.task):
            return await self._loop(step)
        return await self._once(step)

    async def _loop(self, step: Step) -> Values:
        """All iterations of a ParallelFor, side by side as far as its limit allows."""
        step = replace(step, inputs=iterator.with_raw_items(step.task, step.inputs))
        inputs = [
            iteration_inputs(step.component, one)
            for one in iterator.iterations(step.task, step.inputs)
        ]
        status, node = self._runner.status, step.node
        recorder = self._runner.recorder
        node.execution_id = recorder.start_dag(step, iteration_count=len(inputs))
        inputs = [recorder.of_dag(one) for one in inputs]
        status.move(node, "Running")
        gate = asyncio.Semaphore(iterator.limit(step.task) or max(1, len(inputs)))
        errors: list[str] = []

        async def iteration(index: int, inputs: Values) -> Values:
            async with gate:
                if errors:
                    return Values()
                kind = Kind.DAG if "dag" in step.component else Kind.CONTAINER
                inner = status.node(
                    TaskNode(
                        node.workflow, kind, step.key, node, index=index, template=node.template
                    )
                )
                each = replace(
                    step, inputs=inputs, node=inner, parent=node.execution_id, iteration=index
                )
                try:
                    values = await self._once(each)
                except TaskError as error:
                    errors.append(f"iteration {index}: {error}")
                    await self._runner.failed(each, error)
                    return Values()
                status.move(inner, "Succeeded")
                return values

        results = await _all(iteration(index, one) for index, one in enumerate(inputs))
        if errors:
            raise InnerError(errors[0])
        return iterator.collected(step.component, results)

    async def _once(self, step: Step) -> Values:
        """A DAG inside this one, or a task that is no DAG."""
        if "dag" not in step.component:
            return await self._runner.run(step)
        recorder = self._runner.recorder
        step.node.execution_id = recorder.start_dag(step)
        self._runner.status.move(step.node, "Running")
        return await self.run(step.component, recorder.of_dag(step.inputs), step.node)

    def _known(self, step: Step) -> Outcome | None:
        """How a task ended in an earlier attempt of this run, if it has succeeded there."""
        found = None if "dag" in step.component else self._runner.recorder.completed(step)
        if found is None:
            return None
        step.node.execution_id = found.execution
        self._runner.show_known(step.node, found.pod)
        return Outcome("Succeeded", found.values, state=self._state(step))

    def _executor(self, component: Json) -> Json:
        label = component.get("executorLabel")
        return self._executors[label] if label else {}

    def _step(self, key: str, task: Json, component: Json, scope: Scope, hook: str) -> Step:
        label = component.get("executorLabel")
        executor = self._executor(component)
        node = TaskNode(
            scope.node.workflow,
            _kind(task, component, executor),
            key,
            scope.node,
            hook=hook,
            template=str(task["componentRef"]["name"]),
        )
        return Step(
            key,
            task,
            component,
            executor,
            self._platform.get(label) or {},
            node=node,
            parent=scope.node.execution_id,
        )


def _kind(task: Json, component: Json, executor: Json) -> Kind:
    if is_loop(task):
        return Kind.LOOP
    if "dag" in component:
        return Kind.DAG
    if "importer" in executor:
        return Kind.IMPORTER
    image = (executor.get("container") or {}).get("image") or ""
    return Kind.CLAIM if claims.is_claim(image) else Kind.CONTAINER


async def _all(works: Iterable[Coroutine[Any, Any, Values]]) -> list[Values]:
    """Side by side; the first that raises ends the others."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in works]
    return [one.result() for one in tasks]
