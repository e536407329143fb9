"""Where a task's inputs come from, and a DAG's outputs: pure functions on the compiled pipeline.

Rules: kubeflow/pipelines backend/src/v2/driver/resolve.go. A placeholder such as
`{{$.pipeline_job_name}}` is replaced where it is the whole constant. One for a parameter, which a
constant may have inside, is left to the launcher, and ML Metadata has it as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.pipelines.driver.inputs.expression import select
from pytest_kubeflow.local.pipelines.driver.inputs.iterator import is_loop, item_input
from pytest_kubeflow.local.pipelines.driver.inputs.values import TaskError, Values
from pytest_kubeflow.local.pipelines.driver.trigger import Outcome, is_exit_task
from pytest_kubeflow.local.pipelines.spec.values import convert, whole

Json = Any

_NAME = re.compile(r"\{\{\$\.([a-z_]+)\}\}")
_WORKSPACE = "{{$.workspace_path}}"

_NOT_GIVEN: Json = object()
"""The value of an output that a failed task has not given."""
_ENDED = frozenset({"COMPLETE", "CACHED"})


def resolve_inputs(
    task: Json,
    component: Json,
    parent: Values,
    upstream: Mapping[str, Outcome],
    names: Mapping[str, str],
) -> Values:
    """The inputs of `task`, which runs `component` inside a DAG with the inputs `parent`.

    `upstream` is what the tasks before it came to, `names` the values of placeholders such as
    `pipeline_job_name`. Raises TaskError.
    """
    sources = task.get("inputs") or {}
    definitions = component.get("inputDefinitions") or {}
    declared: dict[str, Json] = definitions.get("parameters") or {}
    parameters: dict[str, Json] = {}
    for name, source in (sources.get("parameters") or {}).items():
        definition = declared.get(name) or {}
        if definition.get("parameterType") == "TASK_CONFIG":
            continue  # known when the pod is
        value = _parameter(source, task, parent, upstream, names)
        if value is _NOT_GIVEN:
            if definition.get("parameterType") != "STRING":
                raise TaskError(
                    f"failed to resolve inputs: parameter {name} has unknown protobuf.Value type: "
                    "<nil>"
                )
            value = ""
        if value is None:
            if definition.get("isOptional"):
                continue
            what = source.get("componentInputParameter") or name
            raise TaskError(
                f"failed to resolve inputs: the resolved input parameter is null: {what}"
            )
        parameters[name] = value
    if is_loop(task):
        declared = {name: one for name, one in declared.items() if name != item_input(task)}
    _convert(parameters, declared, is_dag="dag" in component)
    artifacts = {
        name: _artifacts(name, source, task, parent, upstream)
        for name, source in (sources.get("artifacts") or {}).items()
    }
    return Values(parameters, {key: found for key, found in artifacts.items() if found})


def iteration_inputs(component: Json, inputs: Values) -> Values:
    """The inputs of one iteration of a loop, as `component` declares them. Raises TaskError."""
    declared = (component.get("inputDefinitions") or {}).get("parameters") or {}
    declared = {name: one for name, one in declared.items() if name in inputs.parameters}
    parameters = dict(inputs.parameters)
    _convert(parameters, declared, is_dag=True)
    return Values(parameters, inputs.artifacts)


def resolve_parameter(source: Json, parent: Values, upstream: Mapping[str, Outcome]) -> Json:
    """The value that one input parameter's source stands for; None if it has none."""
    value = _parameter(source, {}, parent, upstream, {})
    return None if value is _NOT_GIVEN else value


def _parameter(
    source: Json,
    task: Json,
    parent: Values,
    upstream: Mapping[str, Outcome],
    names: Mapping[str, str],
) -> Json:
    value: Json = None
    if "componentInputParameter" in source:
        name = source["componentInputParameter"]
        if name not in parent.parameters:
            raise TaskError(
                f"failed to resolve inputs: parent DAG does not have input parameter {name}"
            )
        value = parent.parameters[name]
    elif "taskOutputParameter" in source:
        output = source["taskOutputParameter"]
        producer, key = output["producerTask"], output["outputParameterKey"]
        outcome = upstream.get(producer)
        if outcome is not None and key in outcome.values.parameters:
            value = outcome.values.parameters[key]
            value = list(value) if isinstance(value, list) else value
        elif outcome is not None and outcome.state and is_exit_task(task):
            return _NOT_GIVEN
        else:
            raise TaskError(
                f"failed to resolve inputs: task {producer!r} has no output parameter {key!r}"
            )
    elif "taskFinalStatus" in source:
        producer = source["taskFinalStatus"]["producerTask"]
        if producer not in upstream:
            raise TaskError("failed to resolve inputs: producer task, , not in tasks")
        value = {
            "state": upstream[producer].state,
            "error": {},
            "pipelineJobResourceName": names.get("pipeline_job_resource_name", ""),
            "pipelineTaskName": producer,
        }
    else:
        value = _constant(whole((source.get("runtimeValue") or {}).get("constant")), names)
    selector = source.get("parameterExpressionSelector")
    return select(value, selector) if selector and value is not None else value


def resolve_outputs(dag: Json, outcomes: Mapping[str, Outcome]) -> Values:
    """The outputs of a DAG out of the outputs of its tasks.

    Where several tasks may give an output (dsl.OneOf), the first does that is COMPLETE or CACHED in
    ML Metadata. What no task has given is left out: it is an error of the task that wants it.
    """
    outputs = dag.get("outputs") or {}
    parameters: dict[str, Json] = {}
    for name, source in (outputs.get("parameters") or {}).items():
        one = source.get("valueFromParameter")
        choices = [one] if one else _ended(outcomes, source["valueFromOneof"], "parameterSelectors")
        for choice in choices[:1]:
            found = outcomes[choice["producerSubtask"]].values.parameters
            if choice["outputParameterKey"] in found:
                parameters[name] = found[choice["outputParameterKey"]]
    artifacts = {}
    for name, source in (outputs.get("artifacts") or {}).items():
        choices = source.get("artifactSelectors") or []
        if len(choices) > 1:
            choices = _ended(outcomes, source, "artifactSelectors")
        for choice in choices[:1]:
            several = outcomes[choice["producerSubtask"]].values.artifacts
            if choice["outputArtifactKey"] in several:
                artifacts[name] = several[choice["outputArtifactKey"]]
    return Values(parameters, artifacts)


def _ended(outcomes: Mapping[str, Outcome], source: Json, selectors: str) -> list[Json]:
    """Those of the choices in `source` whose task has ended well."""
    return [
        choice
        for choice in source.get(selectors) or []
        if outcomes[choice["producerSubtask"]].state in _ENDED
    ]


def pipeline_inputs(component: Json, arguments: Mapping[str, Json]) -> Values:
    """The inputs of the root DAG: the run's arguments, and defaults for the rest."""
    parameters = dict(arguments)
    definitions = (component.get("inputDefinitions") or {}).get("parameters") or {}
    _convert(parameters, definitions, is_dag=True)
    return Values(parameters)


def _convert(parameters: dict[str, Json], definitions: Json, *, is_dag: bool) -> None:
    """Give values their types; a DAG needs its defaults here, a container gets them inside."""
    for name, definition in definitions.items():
        if definition.get("parameterType") == "TASK_CONFIG":
            continue
        if name not in parameters:
            if is_dag and ("defaultValue" in definition or definition.get("isOptional")):
                parameters[name] = whole(definition.get("defaultValue"))
            elif not definition.get("isOptional") and "defaultValue" not in definition:
                raise TaskError(
                    "failed to resolve inputs: neither value nor default value provided for "
                    f"non-optional parameter {json.dumps(name)}"
                )
            if parameters.get(name) is None:
                continue
        try:
            kind = definition.get("parameterType", "PARAMETER_TYPE_ENUM_UNSPECIFIED")
            parameters[name] = convert(name, parameters[name], kind)
        except ValueError as error:
            raise TaskError(f"failed to resolve inputs: {error}") from None


def _constant(value: Json, names: Mapping[str, str]) -> Json:
    """A constant of the pipeline; the name of something known stands for that."""
    if isinstance(value, str):
        if _WORKSPACE in value:
            return value.replace(_WORKSPACE, names["workspace_path"])
        if name := _NAME.fullmatch(value):
            return names.get(name[1], value)
    return value


def _artifacts(
    name: str, source: Json, task: Json, parent: Values, upstream: Mapping[str, Outcome]
) -> list[Any]:
    if "componentInputArtifact" in source:
        wanted = source["componentInputArtifact"]
        if wanted not in parent.artifacts:  # optional or not
            raise TaskError(
                f"failed to resolve inputs: parent DAG does not have input artifact {wanted}"
            )
        return parent.artifacts[wanted]
    output = source["taskOutputArtifact"]
    producer, key = output["producerTask"], output["outputArtifactKey"]
    outcome = upstream.get(producer, Outcome("Omitted"))
    if key not in outcome.values.artifacts:
        if is_exit_task(task) and outcome.state and not outcome.succeeded:
            return []
        raise TaskError(
            f"failed to resolve inputs: cannot find output artifact key {json.dumps(key)} in "
            f"producer task {json.dumps(producer)}, for input {name!r}"
        )
    return outcome.values.artifacts[key]
