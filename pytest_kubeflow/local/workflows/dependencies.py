"""What the tasks of a DAG wait for.

Source: argo-workflows v3.7.3 workflow/common/ancestry.go, and evaluateDependsLogic of dag.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError
from pytest_kubeflow.local.workflows.nodes import FULFILLED, Node

Json = Any

RESULTS = (
    "Succeeded",
    "Failed",
    "Errored",
    "Skipped",
    "Omitted",
    "Daemoned",
    "AnySucceeded",
    "AllFailed",
)
OF_ITEMS = frozenset({"AnySucceeded", "AllFailed"})
_RESULT = re.compile(r"([a-zA-Z0-9][-a-zA-Z0-9]*?)\.([A-Z][a-zA-Z]+)")
_TASK = re.compile(r"([a-zA-Z0-9][-a-zA-Z0-9]*?\.[A-Z][a-zA-Z]+)|([a-zA-Z0-9][-a-zA-Z0-9]*)")


class Dependencies:
    """Those of the tasks of one DAG."""

    def __init__(self, tasks: Sequence[Json]) -> None:
        self.tasks: Mapping[str, Json] = {one["name"]: one for one in tasks}
        self._direct: dict[str, dict[str, bool]] = {}

    def of(self, name: str) -> dict[str, bool]:
        """The tasks that one waits for; True for those whose iterations count."""
        if name not in self._direct:
            self._direct[name] = self._read(self.tasks.get(name) or {})
        return self._direct[name]

    def _read(self, task: Json) -> dict[str, bool]:
        if not task.get("depends"):
            return dict.fromkeys(task.get("dependencies") or (), False)
        found: dict[str, bool] = {}
        for match in _TASK.finditer(task["depends"]):
            if match[1]:
                name, _, result = match[1].partition(".")
                found[name] = found.get(name, False) or result in OF_ITEMS
            else:
                found[match[2]] = False
        return found

    def leaves(self) -> list[str]:
        """The tasks that no other waits for."""
        waited = {one for name in self.tasks for one in self.of(name)}
        return sorted(self.tasks.keys() - waited)

    def ancestry(self, name: str) -> list[str]:
        """All tasks that have to be over before this one, the first ones first."""
        found: dict[str, None] = {}

        def visit(task: str) -> None:
            for one in self.of(task):
                if one not in found:
                    visit(one)
                    found[one] = None

        visit(name)
        found.pop(name, None)
        return list(found)

    def verdict(
        self,
        name: str,
        node_of: Callable[[str], Node | None],
        children: Callable[[Node], list[Node]],
    ) -> bool | None:
        """Whether a task is to run; None while what it waits for goes on.

        Raises WorkflowError for a `depends` that has no value.
        """
        nodes: dict[str, Node] = {}
        for one in self.of(name):
            node = node_of(one)
            if node is None or node["phase"] not in FULFILLED or _hook_goes_on(children(node)):
                return None
            nodes[one] = node
        task = self.tasks[name]
        if not task.get("depends"):
            return all(self._suffices(one, node) for one, node in nodes.items())
        results = {
            one.replace("-", "_"): _results(node, children(node)) for one, node in nodes.items()
        }
        logic = self._logic(task["depends"]).replace("-", "_")
        from pytest_kubeflow.local.workflows.expressions.evaluation import truth

        try:
            return truth(logic, results)
        except ExpressionError as error:
            raise WorkflowError(f"unable to evaluate expression '{logic}': {error}") from None

    def _suffices(self, name: str, node: Node) -> bool:
        """Whether a task that is over lets those go on that name it as a dependency."""
        return node["phase"] in {"Succeeded", "Skipped", *self._borne(name)}

    def _borne(self, name: str) -> list[str]:
        """The failures of a task that its `continueOn` lets pass."""
        allowed = (self.tasks.get(name) or {}).get("continueOn") or {}
        return [
            phase for phase, key in (("Error", "error"), ("Failed", "failed")) if allowed.get(key)
        ]

    def _logic(self, depends: str) -> str:
        """`A && B.Failed` with what stands for `A` alone."""

        def one(match: re.Match[str]) -> str:
            if match[1]:
                return match[1]
            name = match[2]
            words = ["Succeeded", "Skipped", "Daemoned"]
            words += ["Errored" if phase == "Error" else phase for phase in self._borne(name)]
            return f"({' || '.join(f'{name}.{word}' for word in words)})"

        return _TASK.sub(one, depends)


def results_named(depends: str) -> list[tuple[str, str]]:
    """The pairs of task and result that an expression names."""
    return [(match[1], match[2]) for match in _RESULT.finditer(depends)]


def _hook_goes_on(children: Sequence[Node]) -> bool:
    return any(
        (one.get("nodeFlag") or {}).get("hooked") and one["phase"] not in FULFILLED
        for one in children
    )


def _results(node: Node, children: Sequence[Node]) -> dict[str, bool]:
    phase = node["phase"]
    group = [one["phase"] for one in children] if node["type"] == "TaskGroup" else []
    return {
        "Succeeded": phase == "Succeeded",
        "Failed": phase == "Failed",
        "Errored": phase == "Error",
        "Skipped": phase == "Skipped",
        "Omitted": phase == "Omitted",
        "Daemoned": False,
        "AnySucceeded": "Succeeded" in group,
        "AllFailed": bool(group) and all(one == "Failed" for one in group),
    }
