"""Composite: a template whose parts are calls of other templates; DAGs and steps are such ones."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.workflows import outputs
from pytest_kubeflow.local.workflows.nodes import Node
from pytest_kubeflow.local.workflows.run import Execute, Options, Run
from pytest_kubeflow.local.workflows.scope import Scope
from pytest_kubeflow.local.workflows.templating import replaced

Json = Any


class Composite:
    """One execution of such a template, as the node that stands for it."""

    def __init__(
        self, run: Run, node: Node, template: Json, options: Options, execute: Execute
    ) -> None:
        self._run = run
        self._tree = run.tree
        self._node = node
        self._template = template
        self._execute = execute
        self._options = Options(node["id"], options.in_exit_handler)

    async def _call(self, name: str, part: Json) -> Node:
        """Execute the template that a part calls; raises what that raises."""
        return await self._execute(
            self._run, name, part, part.get("arguments") or {}, self._options
        )

    def _add(self, part: Json, name: str, kind: str, phase: str, message: str) -> Node:
        """A node for a part of it."""
        return self._tree.add(
            name,
            kind,
            template=part.get("template", ""),
            scope=self._run.scope,
            boundary=self._node["id"],
            phase=phase,
            flag={},
            message=message,
        )

    def _new_scope(self) -> Scope:
        """What each part may refer to."""
        scope = Scope(self._template)
        scope.add_outputs("workflow", self._run.status.get("outputs"))
        return scope

    def _with_references(self, part: Json, scope: Scope) -> Json:
        """A part with what it refers to. Raises WorkflowError."""
        made = replaced(part, {**self._run.known, **scope.parameters})
        return outputs.with_artifacts(made, scope)

    def _iterations(self, name: str) -> list[Node]:
        """The nodes of a loop's iterations."""
        return [
            one
            for one in self._tree
            if one.get("boundaryID") == self._node["id"] and one["name"].startswith(f"{name}(")
        ]

    async def _run_exit_hook(self, part: Json, node: Node, prefix: str, scope: Scope) -> bool:
        """Run the exit handler of a part that is over; whether it is over too."""
        return await outputs.run_exit_hook(
            self._run, part, node, prefix, scope, self._options, self._execute
        )
