"""Steps templates: groups one after the other, the steps of each side by side.

Source: argo-workflows v3.7.3 workflow/controller/steps.go.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.workflows import outputs
from pytest_kubeflow.local.workflows.composite import Composite
from pytest_kubeflow.local.workflows.errors import (
    ParallelismReached,
    TimedOut,
    WorkflowError,
)
from pytest_kubeflow.local.workflows.expansion import expand, is_loop, should_run
from pytest_kubeflow.local.workflows.nodes import COMPLETED, FAILED_OR_ERROR, Node, fulfilled
from pytest_kubeflow.local.workflows.run import Execute, Options, Run

Json = Any


async def execute_steps(
    run: Run, node: Node, template: Json, options: Options, execute: Execute
) -> Node:
    """Run the group whose turn it is; the node, which has ended once all have.

    Raises WorkflowError.
    """
    return await _Steps(run, node, template, options, execute).run()


class _Steps(Composite):
    def __init__(
        self, run: Run, node: Node, template: Json, options: Options, execute: Execute
    ) -> None:
        super().__init__(run, node, template, options, execute)
        self._groups: list[list[Json]] = template["steps"]
        self._scope = self._new_scope()

    def _group_name(self, number: int) -> str:
        return f"{self._node['name']}[{number}]"

    async def run(self) -> Node:
        for number, steps in enumerate(self._groups):
            group = self._begun(number)
            try:
                await self._run_group(group, steps)
            except WorkflowError as error:
                self._tree.mark(group, "Error", str(error))
            if not fulfilled(group):
                return self._node
            if group["phase"] in FAILED_OR_ERROR:
                self._set_outbound(number)
                return self._tree.mark(self._node, "Failed", group.get("message", ""))
            self._remember(group, steps)
        self._set_outbound(len(self._groups) - 1)
        found = outputs.of_template(self._template, self._scope)
        self._tree.set(self._node, "outputs", found)
        self._run.export(found)
        return self._tree.mark(self._node, "Succeeded")

    def _begun(self, number: int) -> Node:
        """The node of a group, below what comes before it."""
        name = self._group_name(number)
        group = self._tree.named(name)
        if group is not None:
            return group
        group = self._tree.add(
            name,
            "StepGroup",
            template="",
            scope=self._run.scope,
            boundary=self._node["id"],
            flag={},
        )
        if number == 0:
            self._tree.connect(self._node["name"], name)
            return group
        before = self._tree.named(self._group_name(number - 1))
        assert before is not None
        if not before.get("children"):
            self._tree.connect(before["name"], name)
        for child in before.get("children") or ():
            for key in self._tree.outbound(child):
                self._tree.connect(self._tree[key]["name"], name)
        return group

    async def _run_group(self, group: Node, steps: list[Json]) -> None:
        if fulfilled(group) and self._tree.all_fulfilled(group):
            return
        by_name: dict[str, Json] = {}
        for step in self._expanded(group, steps):
            name = f"{group['name']}.{step['name']}"
            if not self._proceeds(group, name, step):
                continue
            try:
                await self._call(name, step)
            except ParallelismReached:
                if self._tree.named(name) is None:
                    continue
            except TimedOut as error:
                self._tree.connect(group["name"], name)
                self._tree.mark(group, "Failed", str(error))
                return
            except WorkflowError as error:
                if self._tree.named(name) is not None:
                    self._tree.connect(group["name"], name)
                message = f"step group deemed errored due to child {name} error: {error}"
                self._tree.mark(group, "Error", message)
                return
            by_name[name] = step
            self._tree.connect(group["name"], name)
        expanded = self._expanded(group, steps)
        await self._conclude(group, by_name, expanded)

    def _waits(self, group: Node, step: Json) -> bool:
        return self._tree.named(f"{group['name']}.{step['name']}") is None

    def _expanded(self, group: Node, steps: list[Json]) -> list[Json]:
        """The steps of a group with what they refer to, loops as their iterations."""
        found: list[Json] = []
        for step in steps:
            try:
                made = self._with_references(step, self._scope)
            except WorkflowError as error:
                raise WorkflowError(f"Failed to resolve references: {error}") from None
            iterations = expand(made)
            if is_loop(made) and not iterations:
                self._skip(group, f"{group['name']}.{step['name']}", step, "Skipped, empty params")
            found += iterations
        return found

    def _skip(
        self, group: Node, name: str, step: Json, message: str, phase: str = "Skipped"
    ) -> None:
        if self._tree.named(name) is None:
            self._add(step, name, "Skipped", phase, message)
            self._tree.connect(group["name"], name)

    def _proceeds(self, group: Node, name: str, step: Json) -> bool:
        try:
            proceeds = should_run(step.get("when", ""))
        except WorkflowError as error:
            self._skip(group, name, step, str(error), "Error")
            raise
        if not proceeds:
            self._skip(group, name, step, f"when '{step['when']}' evaluated false")
        return proceeds

    async def _conclude(self, group: Node, by_name: dict[str, Json], expanded: list[Json]) -> None:
        """Give the group the phase that its steps come to, once all have."""
        completed = not any(self._waits(group, step) for step in expanded)
        for child in self._tree.children(group):
            step = by_name.get(child["name"]) or {}
            self._scope.set(f"steps.{child['displayName']}.status", child["phase"])
            if not fulfilled(child):
                completed = False
            elif child["phase"] in COMPLETED:
                prefix = f"steps.{step.get('name', '')}"
                done = await self._run_exit_hook(step, child, prefix, self._scope)
                completed = completed and done
        if not completed:
            return
        for child in self._tree.children(group):
            allowed = (by_name.get(child["name"]) or {}).get("continueOn") or {}
            field = {"Failed": "failed", "Error": "error"}.get(child["phase"], "")
            if child["phase"] in FAILED_OR_ERROR and not allowed.get(field):
                self._tree.mark(group, "Failed", f"child '{child['id']}' failed")
                return
        self._tree.mark(group, "Succeeded")

    def _remember(self, group: Node, steps: list[Json]) -> None:
        """Let the groups after it know what the steps of one came to."""
        for step in steps:
            name, prefix = f"{group['name']}.{step['name']}", f"steps.{step['name']}"
            node = self._tree.named(name)
            if node is not None:
                self._scope.add_node(prefix, node, self._tree)
                self._run.export(node.get("outputs"))
                continue
            self._scope.add_group(
                prefix,
                [one for one in self._iterations(name) if one["type"] != "Skipped"],
            )

    def _set_outbound(self, number: int) -> None:
        """What comes after the template comes after the steps of its last group."""
        group = self._tree.named(self._group_name(number))
        found = [
            key
            for child in (group or {}).get("children") or ()
            for key in self._tree.outbound(child)
        ]
        self._tree.set(self._node, "outboundNodes", found)
