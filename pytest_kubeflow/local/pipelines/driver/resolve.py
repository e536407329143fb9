"""Where a task's inputs come from, and a DAG's outputs: pure functions on the compiled pipeline.

Rules: kubeflow/pipelines backend/src/v2/driver/resolve.go. The real driver replaces placeholders
such as `{{$.pipeline_job_name}}` only where they are the whole constant, and leaves the rest to
text replacement in the launcher; here they are replaced in constants, so that ML Metadata and the
task see the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pytest_kubeflow.local.pipelines.driver.expression import select
from pytest_kubeflow.local.pipelines.driver.iterator import is_loop, item_input
from pytest_kubeflow.local.pipelines.driver.trigger import Outcome, is_exit_task
from pytest_kubeflow.local.pipelines.driver.values import TaskError, Values
from pytest_kubeflow.local.pipelines.spec.values import convert, to_text, whole

Json = Any

_PLACEHOLDER = re.compile(r"\{\{\$\.(?:inputs\.parameters\['([^']+)'\]|([a-z_]+))\}\}")


# What ML Metadata calls the states that an exit task is told.
_FINAL_STATES = {"Succeeded": "COMPLETE", "Failed": "FAILED"}


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
        if value is None:
            if definition.get("isOptional"):
                continue
            what = source.get("componentInputParameter") or name
            raise TaskError(
                f"failed to resolve inputs: the resolved input parameter is null: {what}"
            )
        parameters[name] = value
    # Constants only: what a run or a task passes may look like a placeholder, and is none.
    constants = [key for key in parameters if "runtimeValue" in sources["parameters"][key]]
    parameters |= {key: fill(parameters[key], parameters, names) for key in constants}
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
    return _parameter(source, {}, parent, upstream, {})


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
        elif outcome is None or outcome.succeeded or not is_exit_task(task):
            raise TaskError(
                f"failed to resolve inputs: task {producer!r} has no output parameter {key!r}"
            )
    elif "taskFinalStatus" in source:
        producer = source["taskFinalStatus"]["producerTask"]
        value = {
            "state": _FINAL_STATES[upstream[producer].phase],
            "error": {},
            "pipelineJobResourceName": names.get("pipeline_job_resource_name", ""),
            "pipelineTaskName": producer,
        }
    else:
        value = whole((source.get("runtimeValue") or {}).get("constant"))
    selector = source.get("parameterExpressionSelector")
    return select(value, selector) if selector and value is not None else value


def resolve_outputs(dag: Json, outcomes: Mapping[str, Outcome]) -> Values:
    """The outputs of a DAG out of the outputs of its tasks.

    Where several tasks may give an output (dsl.OneOf), the first that has succeeded does. What no
    task has given is left out: it is an error of the task that wants it.
    """
    outputs = dag.get("outputs") or {}
    parameters: dict[str, Json] = {}
    for name, source in (outputs.get("parameters") or {}).items():
        one = source.get("valueFromParameter")
        choices = [one] if one else source["valueFromOneof"].get("parameterSelectors") or []
        for choice in choices:
            found = _succeeded(outcomes, choice).parameters
            if choice["outputParameterKey"] in found:
                parameters[name] = found[choice["outputParameterKey"]]
                break
    artifacts = {}
    for name, source in (outputs.get("artifacts") or {}).items():
        for choice in source.get("artifactSelectors") or []:
            several = _succeeded(outcomes, choice).artifacts
            if choice["outputArtifactKey"] in several:
                artifacts[name] = several[choice["outputArtifactKey"]]
                break
    return Values(parameters, artifacts)


def _succeeded(outcomes: Mapping[str, Outcome], choice: Json) -> Values:
    outcome = outcomes[choice["producerSubtask"]]
    return outcome.values if outcome.succeeded else Values()


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


def fill(value: Json, parameters: Mapping[str, Json], names: Mapping[str, str]) -> Json:
    """`value` with its placeholders replaced; those that are not known stay as they are."""
    if isinstance(value, str) and "{{$" in value:

        def replacement(match: re.Match[str]) -> str:
            parameter, name = match.groups()
            if parameter is not None:
                return to_text(parameters[parameter]) if parameter in parameters else match[0]
            return names.get(name, match[0])

        return _PLACEHOLDER.sub(replacement, value)
    if isinstance(value, list):
        return [fill(one, parameters, names) for one in value]
    if isinstance(value, dict):
        return {key: fill(one, parameters, names) for key, one in value.items()}
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
    outcome = upstream[producer]
    if key not in outcome.values.artifacts:
        if is_exit_task(task) and not outcome.succeeded:
            return []
        raise TaskError(
            f"failed to resolve inputs: cannot find output artifact key {json.dumps(key)} in "
            f"producer task {json.dumps(producer)}, for input {name!r}"
        )
    return outcome.values.artifacts[key]
