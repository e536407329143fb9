"""DAG templates: tasks that start as soon as what they wait for is over.

Source: argo-workflows v3.7.3 workflow/controller/dag.go. Each look at a Workflow goes from the last
tasks back to those that they wait for, and starts what can be started.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.workflows import outputs
from pytest_kubeflow.local.workflows.composite import Composite
from pytest_kubeflow.local.workflows.dependencies import Dependencies
from pytest_kubeflow.local.workflows.errors import (
    ParallelismReached,
    TimedOut,
    WorkflowError,
)
from pytest_kubeflow.local.workflows.expansion import expand, is_loop, should_run
from pytest_kubeflow.local.workflows.nodes import COMPLETED, FAILED_OR_ERROR, Node, fulfilled
from pytest_kubeflow.local.workflows.run import Execute, Options, Run
from pytest_kubeflow.local.workflows.scope import Scope

Json = Any

OMITTED = "omitted: depends condition not met"


async def execute_dag(
    run: Run, node: Node, template: Json, options: Options, execute: Execute
) -> Node:
    """Start the tasks whose turn it is; the node, which has ended once all have.

    Raises WorkflowError.
    """
    return await _Dag(run, node, template, options, execute).run()


class _Dag(Composite):
    def __init__(
        self, run: Run, node: Node, template: Json, options: Options, execute: Execute
    ) -> None:
        super().__init__(run, node, template, options, execute)
        self._tasks: list[Json] = template["dag"].get("tasks") or []
        self._dependencies = Dependencies(self._tasks)
        self._visited: set[str] = set()

    def _name(self, task: str) -> str:
        return f"{self._node['name']}.{task}"

    def _node_of(self, task: str) -> Node | None:
        return self._tree.named(self._name(task))

    async def run(self) -> Node:
        target = self._template["dag"].get("target")
        targets = target.split() if target else self._dependencies.leaves()
        for task in targets:
            await self._visit(task)
        phase = self._assess(targets)
        if phase == "Running":
            return self._node
        if phase == "Succeeded":
            self._give()
        last = [
            key
            for task in targets
            if (node := self._node_of(task)) is not None
            for key in self._tree.outbound(node["id"])
        ]
        self._tree.set(self._node, "outboundNodes", last)
        return self._tree.mark(self._node, phase)

    def _give(self) -> None:
        """The outputs of the template, from those of its tasks. Raises WorkflowError."""
        scope = Scope(self._template)
        for task in self._tasks:
            node = self._node_of(task["name"])
            if node is None:
                continue
            prefix = f"tasks.{task['name']}"
            if node["type"] == "TaskGroup":
                scope.add_group(prefix, self._tree.children(node))
            scope.add_node(prefix, node, self._tree)
            self._run.export(node.get("outputs"))
        self._tree.set(self._node, "outputs", outputs.of_template(self._template, scope))

    async def _visit(self, name: str) -> None:
        if name in self._visited:
            return
        self._visited.add(name)
        node, task = self._node_of(name), self._dependencies.tasks[name]
        if node is not None and fulfilled(node):
            await self._leave(task, node)
            return
        for one in self._dependencies.of(name):
            await self._visit(one)
        if node is None:
            try:
                verdict = self._dependencies.verdict(name, self._node_of, self._tree.children)
            except WorkflowError as error:
                self._skipped(task, "Error", str(error))
                return
            if verdict is None:
                return
            if not verdict:
                self._skipped(task, "Omitted", OMITTED)
                return
        try:
            resolved = self._resolved(task)
            iterations = expand(resolved)
        except WorkflowError as error:
            if node is None:
                self._skipped(task, "Error", str(error))
            else:
                self._tree.mark(node, "Error", str(error))
            return
        await self._run_all(task, node, iterations)

    async def _run_all(self, task: Json, group: Node | None, iterations: list[Json]) -> None:
        if is_loop(task):
            if not iterations:
                self._skipped(task, "Skipped", "Skipped, empty params")
                return
            if group is None:
                group = self._add(task, self._name(task["name"]), "TaskGroup", "Running", "")
                self._connect(task["name"], group["name"])
        else:
            group = None
        for one in iterations:
            if not await self._start(task, one, group):
                return
        if group is None:
            return
        phase = "Succeeded"
        for one in iterations:
            node = self._node_of(one["name"])
            if node is None or not fulfilled(node):
                return
            if node["phase"] in FAILED_OR_ERROR:
                phase = node["phase"]
        self._tree.mark(group, phase)

    async def _start(self, task: Json, one: Json, group: Node | None) -> bool:
        """Run one task or iteration; False if the others have to wait."""
        name = self._name(one["name"])
        if self._tree.named(name) is None:
            try:
                proceed = should_run(one.get("when", ""))
            except WorkflowError as error:
                self._skipped(task, "Error", str(error), name=name, group=group)
                return True
            if not proceed:
                message = f"when '{one['when']}' evaluated false"
                self._skipped(task, "Skipped", message, name=name, group=group)
                return True
        try:
            node = await self._call(name, one)
        except (ParallelismReached, TimedOut):
            return False
        except WorkflowError as error:
            found = self._tree.named(name)
            if found is not None:
                self._connect(task["name"], name, group)
                self._tree.mark(found, "Error", f"task '{name}' errored: {error}")
            return False
        finally:
            if self._tree.named(name) is not None:
                self._connect(task["name"], name, group)
        return node["phase"] not in COMPLETED or await self._leave(task, node)

    async def _leave(self, task: Json, node: Node) -> bool:
        """Run the exit handler of a task that is over; whether it is over too."""
        if node["phase"] not in COMPLETED:
            return True
        name = task["name"]
        return await self._run_exit_hook(task, node, f"tasks.{name}", self._scope(name))

    def _skipped(
        self, task: Json, phase: str, message: str, *, name: str = "", group: Node | None = None
    ) -> None:
        name = name or self._name(task["name"])
        self._add(task, name, "Skipped", phase, message)
        self._connect(task["name"], name, group)

    def _connect(self, task: str, name: str, group: Node | None = None) -> None:
        """Put a node below what it comes after."""
        if group is not None:
            self._tree.connect(group["name"], name)
            return
        before = self._dependencies.of(task)
        if not before:
            self._tree.connect(self._node["name"], name)
        for one in before:
            node = self._node_of(one)
            for key in self._tree.outbound(node["id"]) if node is not None else ():
                self._tree.connect(self._tree[key]["name"], name)

    def _scope(self, name: str) -> Scope:
        """What a task may refer to."""
        scope = self._new_scope()
        for one in self._dependencies.ancestry(name):
            node = self._node_of(one)
            if node is None:
                raise WorkflowError(f"Ancestor task node {one} not found")
            if node["type"] == "TaskGroup":
                scope.add_group(f"tasks.{one}", self._iterations(node["name"]))
                scope.set(f"tasks.{one}.status", node["phase"])
            else:
                scope.add_node(f"tasks.{one}", node, self._tree)
        return scope

    def _resolved(self, task: Json) -> Json:
        """A task with what it refers to. Raises WorkflowError."""
        return self._with_references(task, self._scope(task["name"]))

    def _assess(self, targets: list[str]) -> str:
        """The phase of the whole: that of its last tasks, or of what came before omitted ones."""
        if self._run.shutdown and not any(
            not fulfilled(node)
            for task in targets
            if (node := self._node_of(task)) is not None and node["name"].endswith(".onExit")
        ):
            return "Failed"
        phases: dict[str, str] = {self._tree.id_of(self._name(one)): "" for one in targets}
        waiting = [(key, "Succeeded") for key in self._node.get("children") or ()]
        seen = set(waiting)
        while waiting:
            key, branch = waiting.pop(0)
            node = self._tree.nodes.get(key)
            if node is None or not fulfilled(node):
                return "Running"
            if node["phase"] in COMPLETED:
                branch = node["phase"]
            if key in phases and phases[key] not in FAILED_OR_ERROR:
                phases[key] = branch
            for below in self._after(node):
                if (below, branch) not in seen:
                    seen.add((below, branch))
                    waiting.append((below, branch))
        return self._summed(targets, phases)

    def _after(self, node: Node) -> list[str]:
        if node["type"] != "Retry":
            return list(node.get("children") or ())
        found: list[str] = []
        for one in reversed(self._tree.children(node)):
            if (one.get("nodeFlag") or {}).get("hooked"):
                found.append(one["id"])
            else:
                found += one.get("children") or ()
        return found

    def _summed(self, targets: list[str], phases: dict[str, str]) -> str:
        fails_fast = self._template["dag"].get("failFast", True) is not False
        result = "Succeeded"
        for one in targets:
            phase = phases[self._tree.id_of(self._name(one))]
            if not phase:
                result = "Running"
                if not fails_fast:
                    break
            elif phase in FAILED_OR_ERROR:
                allowed = self._dependencies.tasks[one].get("continueOn") or {}
                if allowed.get({"Failed": "failed", "Error": "error"}[phase]):
                    continue
                result = phase
                if fails_fast:
                    break
        return result
