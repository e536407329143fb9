"""Names: what a template may refer to while it is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.templates import kind_of
from pytest_kubeflow.local.workflows.templating import PLACEHOLDER, tags

Json = Any

_ROOTS = ("item.", "steps.", "inputs.", "outputs.", "pod.", "workflow.", "tasks.")
_LATER = (
    "outputs.",
    "workflow.creationTimestamp",
    "workflow.scheduledTime",
    "workflow.duration",
    "tasks.name",
    "steps.name",
    "node.name",
)
ANY_ITEM, ANY_PARAMETER, ANY_ARTIFACT = (
    "item.*",
    "workflow.outputs.parameters.*",
    "workflow.outputs.artifacts.*",
)
_WITH_OUTPUT = frozenset({"container", "script", "data", "http", "plugin"})


class Names(set[str]):
    """Those that are known in one template."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        super().__init__(names)

    def add(self, *names: str) -> None:
        self.update(names)

    def add_outputs(
        self, template: Json, prefix: str, known: dict[str, str], *, group: bool, ancestor: bool
    ) -> None:
        """What a step or task gives those after it."""
        self.add(*(f"{prefix}.{one}" for one in ("id", "startedAt", "finishedAt", "hostNodeName")))
        if kind_of(template) in _WITH_OUTPUT:
            self.add(f"{prefix}.outputs.result", f"{prefix}.exitCode")
        for kind, wildcard in (("parameters", ANY_PARAMETER), ("artifacts", ANY_ARTIFACT)):
            for one in (template.get("outputs") or {}).get(kind) or ():
                self.add(f"{prefix}.outputs.{kind}.{one['name']}")
                if name := one.get("globalName"):
                    if "{{" in name:
                        self.add(wildcard)
                    else:
                        self.add(f"workflow.outputs.{kind}.{name}")
                        known[f"workflow.outputs.{kind}.{name}"] = f"{PLACEHOLDER}global"
        if group:
            self.add(f"{prefix}.outputs.parameters")
        if ancestor:
            self.add(f"{prefix}.status")

    def add_items(self, step: Json) -> None:
        """What the iterations of a loop know. Raises WorkflowError."""
        items, parameter, sequence = (
            step.get("withItems"),
            step.get("withParam"),
            step.get("withSequence"),
        )
        if sum((bool(items), bool(parameter), sequence is not None)) > 1:
            message = "only one of withItems, withParam, withSequence can be specified"
            raise WorkflowError(message)
        if items:
            for one in items:
                if isinstance(one, dict):
                    self.add(*(f"item.{key}" for key in one))
                elif isinstance(one, list):
                    self.add(*(f"item.[{number}]" for number in range(len(one))))
                else:
                    self.add("item")
        elif parameter:
            self.add("item", ANY_ITEM)
        elif sequence is not None:
            if sequence.get("count") is not None and sequence.get("end") is not None:
                raise WorkflowError("only one of count or end can be defined in withSequence")
            self.add("item")


def resolve_all(names: Names, known: Mapping[str, str], value: Json) -> None:
    """Whether all variables of an object can have a value. Raises WorkflowError."""
    for tag in tags(value):
        name = tag.strip()
        if not name.startswith(_ROOTS) or name in names or name in known:
            continue
        allowed = (
            (name == "item" or name.startswith("item.")) and ANY_ITEM in names,
            name.startswith("workflow.outputs.parameters.") and ANY_PARAMETER in names,
            name.startswith("workflow.outputs.artifacts.") and ANY_ARTIFACT in names,
            name.startswith(_LATER),
        )
        if not any(allowed):
            raise WorkflowError(f"failed to resolve {{{{{tag}}}}}")
