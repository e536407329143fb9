"""A Workflow as a whole, and the templates that it leads to."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.scope import text_of
from pytest_kubeflow.local.workflows.templates import (
    KINDS,
    PODS,
    kind_of,
    merged,
    processed,
)
from pytest_kubeflow.local.workflows.templating import PLACEHOLDER
from pytest_kubeflow.local.workflows.validation.arguments import AnyArguments
from pytest_kubeflow.local.workflows.validation.dag import check_dag
from pytest_kubeflow.local.workflows.validation.fields import (
    check_arguments,
    check_names,
    check_outputs,
    input_names,
)
from pytest_kubeflow.local.workflows.validation.names import Names, resolve_all
from pytest_kubeflow.local.workflows.validation.steps import check_steps
from pytest_kubeflow.local.workflows.validation.template import check_leaf, check_type

Json = Any
_LONGEST = 63
_POLICIES = ("Always", "OnError", "OnFailure", "OnTransientError", "", None)
_RETRIES = (
    "retries",
    *(f"lastRetry.{one}" for one in ("exitCode", "status", "duration", "message")),
)
_PLAIN = ("name", "namespace", "mainEntrypoint", "serviceAccountName", "uid")


def validate(
    name: str, spec: Json, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> None:
    """Check all that Argo checks before it begins. Raises WorkflowError."""
    if len(name) > _LONGEST:
        raise WorkflowError(
            f'workflow name "{name}" must not be more than 63 characters long (currently '
            f"{len(name)})"
        )
    Validation(spec, labels, annotations).run()


class Validation:
    """One look at one specification."""

    def __init__(
        self, spec: Json, labels: Mapping[str, str], annotations: Mapping[str, str]
    ) -> None:
        self._spec = spec
        self._numbers = itertools.count()
        self._done: set[str] = set()
        self._templates = {one.get("name"): one for one in spec.get("templates") or ()}
        self.known: dict[str, str] = {f"workflow.{one}": self.placeholder() for one in _PLAIN}
        more = spec.get("workflowMetadata") or {}
        for kind, given in (("labels", labels), ("annotations", annotations)):
            for one in ("", ".json", *(f".{key}" for key in (*given, *(more.get(kind) or ())))):
                self.known[f"workflow.{kind}{one}"] = self.placeholder()
        for key in more.get("labelsFrom") or ():
            self.known[f"workflow.labels.{key}"] = self.placeholder()

    def placeholder(self) -> str:
        """A text that stands for a value that is not known yet."""
        return f"{PLACEHOLDER}{next(self._numbers)}"

    def run(self) -> None:
        spec = self._spec
        check_names(spec.get("templates"), "spec.templates")
        arguments = spec.get("arguments") or {}
        check_arguments("spec.arguments.", arguments)
        if arguments.get("parameters"):
            self.known["workflow.parameters"] = self.placeholder()
            self.known["workflow.parameters.json"] = self.placeholder()
        for one in arguments.get("parameters") or ():
            value = one.get("value")
            text = self.placeholder() if value is None else text_of(value)
            self.known[f"workflow.parameters.{one['name']}"] = text
        if spec.get("priority") is not None:
            self.known["workflow.priority"] = str(spec["priority"])
        self.known["workflow.status"] = self.placeholder()
        if not spec.get("entrypoint"):
            raise WorkflowError("spec.entrypoint is required")
        self.holder({"template": spec["entrypoint"]}, arguments)
        on_exit = spec.get("onExit") or ((spec.get("hooks") or {}).get("exit") or {}).get(
            "template"
        )
        if on_exit:
            self.known["workflow.failures"] = self.placeholder()
            self.holder({"template": on_exit}, arguments)
        strategy = (spec.get("podGC") or {}).get("strategy") or ""
        if strategy not in _POD_GC:
            raise WorkflowError(f"podGC.strategy unknown strategy '{strategy}'")
        for template in spec.get("templates") or ():
            try:
                self.holder({"template": template["name"]}, AnyArguments())
            except WorkflowError as error:
                raise WorkflowError(f"templates.{template['name']} {error}") from None

    def holder(self, holder: Json, arguments: Json) -> Json:
        """Check the template that a step or task names; it. Raises WorkflowError."""
        name = holder.get("template") or ""
        if not name:
            raise WorkflowError("failed to get a template")
        if name not in self._templates:
            raise WorkflowError(f"template name '{name}' undefined")
        template = self._templates[name]
        if not kind_of(template):
            raise WorkflowError(f"template '{name}' type is unknown")
        policy = (template.get("retryStrategy") or {}).get("retryPolicy")
        if policy not in _POLICIES:
            raise WorkflowError(f"{policy} is not a valid RetryPolicy")
        self._check(template, arguments)
        return template

    def _check(self, template: Json, arguments: Json) -> None:
        check_type(template)
        names = Names(input_names(template))
        for one in template.get("initContainers") or ():
            if not one.get("name"):
                raise WorkflowError("initContainers must all have container name")
        local: dict[str, str] = {}
        if kind_of(template) in PODS:
            local["pod.name"] = self.placeholder()
        if template.get("retryStrategy") is not None:
            local |= {one: self.placeholder() for one in _RETRIES}
        names.add(*local)
        names.add(*_output_paths(template))
        made = self._processed(template, arguments, local)
        if template["name"] in self._done:
            return
        self._done.add(template["name"])
        names.add(*self.known)
        kind = kind_of(made)
        if kind == "steps":
            check_steps(self, names, made)
        elif kind == "dag":
            check_dag(self, names, made)
        else:
            check_leaf(names, self.known, made, self._spec)
        outputs = made.get("outputs") or {}
        for part in ("parameters", "artifacts"):
            prefix = f"templates.{made['name']}.outputs.{part} "
            check_names(outputs.get(part), prefix, parameters=True)
        try:
            resolve_all(names, self.known, outputs)
        except WorkflowError as error:
            raise WorkflowError(f"templates.{made['name']}.outputs {error}") from None
        check_outputs(made)

    def _processed(self, template: Json, arguments: Json, local: dict[str, str]) -> Json:
        if isinstance(arguments, AnyArguments):
            inputs = template.get("inputs") or {}
            arguments = {
                "parameters": [
                    {"name": one["name"], "value": self.placeholder()}
                    for one in inputs.get("parameters") or ()
                ],
                "artifacts": [{"name": one["name"]} for one in inputs.get("artifacts") or ()],
            }
        try:
            made = processed(template, arguments, self.known, local, validating=True)
        except WorkflowError as error:
            raise WorkflowError(f"templates.{template['name']} {error}") from None
        if made.get("timeout"):
            if kind_of(made) not in PODS:
                message = {"dag": "DAG", "steps": "Steps", "suspend": "Suspend"}[kind_of(made)]
                raise WorkflowError(f"{message} template doesn't support timeout field.")
            if str(made["timeout"]).isdigit():
                raise WorkflowError(f"{made['name']} has invalid duration format in timeout.")
        return made


def _output_paths(template: Json) -> Iterator[str]:
    outputs = template.get("outputs") or {}
    for one in outputs.get("artifacts") or ():
        if one.get("path"):
            yield f"outputs.artifacts.{one['name']}.path"
    for one in outputs.get("parameters") or ():
        if (one.get("valueFrom") or {}).get("path"):
            yield f"outputs.parameters.{one['name']}.path"


def with_defaults(spec: Json, defaults: Json) -> Json:
    """A specification over the defaults of the controller."""
    if not defaults:
        return copy.deepcopy(spec)
    made = merged(defaults, spec)
    own = spec.get("templateDefaults") or {}
    # A default that is of another kind than a template's own would make it two.
    if "templateDefaults" in made and any(key in own for key in KINDS):
        made["templateDefaults"] = merged((defaults.get("templateDefaults") or {}), own)
    return made


_POD_GC = ("", "OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess")
