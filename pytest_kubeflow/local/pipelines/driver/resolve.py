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

from pytest_kubeflow.local.pipelines.driver.values import TaskError, Values
from pytest_kubeflow.local.pipelines.spec.values import convert, to_text, whole

Json = Any

_PLACEHOLDER = re.compile(r"\{\{\$\.(?:inputs\.parameters\['([^']+)'\]|([a-z_]+))\}\}")


def resolve_inputs(
    task: Json,
    component: Json,
    parent: Values,
    upstream: Mapping[str, Values],
    names: Mapping[str, str],
) -> Values:
    """The inputs of `task`, which runs `component` inside a DAG with the inputs `parent`.

    `upstream` are the outputs of the tasks that it depends on, `names` the values of placeholders
    such as `pipeline_job_name`. Raises TaskError.
    """
    sources = task.get("inputs") or {}
    definitions = component.get("inputDefinitions") or {}
    parameters: dict[str, Json] = {}
    for name, source in (sources.get("parameters") or {}).items():
        value = resolve_parameter(source, parent, upstream)
        definition = (definitions.get("parameters") or {}).get(name) or {}
        if value is None and source.get("componentInputParameter"):
            if definition.get("isOptional"):
                continue
            raise TaskError(
                "failed to resolve inputs: the resolved input parameter is null: "
                + str(source["componentInputParameter"])
            )
        parameters[name] = value
    # Constants only: what a run or a task passes may look like a placeholder, and is none.
    constants = [key for key in parameters if "runtimeValue" in sources["parameters"][key]]
    parameters |= {key: _filled(parameters[key], parameters, names) for key in constants}
    _convert(parameters, definitions.get("parameters") or {}, is_dag="dag" in component)
    artifacts = {
        name: _artifacts(name, source, parent, upstream)
        for name, source in (sources.get("artifacts") or {}).items()
    }
    return Values(parameters, {key: found for key, found in artifacts.items() if found})


def resolve_parameter(source: Json, parent: Values, upstream: Mapping[str, Values]) -> Json:
    """The value that one input parameter's source stands for; None if it has none."""
    if "componentInputParameter" in source:
        return parent.parameters.get(source["componentInputParameter"])
    if "taskOutputParameter" in source:
        output = source["taskOutputParameter"]
        producer, key = output["producerTask"], output["outputParameterKey"]
        if producer not in upstream or key not in upstream[producer].parameters:
            raise TaskError(
                f"failed to resolve inputs: task {producer!r} has no output parameter {key!r}"
            )
        return upstream[producer].parameters[key]
    return whole((source.get("runtimeValue") or {}).get("constant"))


def resolve_outputs(dag: Json, results: Mapping[str, Values]) -> Values:
    """The outputs of a DAG out of the outputs of its tasks. Raises TaskError."""
    outputs = dag.get("outputs") or {}
    parameters: dict[str, Json] = {}
    for name, source in (outputs.get("parameters") or {}).items():
        chosen = source["valueFromParameter"]
        producer, key = chosen["producerSubtask"], chosen["outputParameterKey"]
        if key not in results[producer].parameters:
            raise TaskError(f"output {name!r}: task {producer!r} has no output {key!r}")
        parameters[name] = results[producer].parameters[key]
    artifacts = {}
    for name, source in (outputs.get("artifacts") or {}).items():
        for selector in source.get("artifactSelectors") or []:
            producer, key = selector["producerSubtask"], selector["outputArtifactKey"]
            if key not in results[producer].artifacts:
                raise TaskError(f"output {name!r}: task {producer!r} has no artifact {key!r}")
            artifacts[name] = results[producer].artifacts[key]
    return Values(parameters, artifacts)


def pipeline_inputs(component: Json, arguments: Mapping[str, Json]) -> Values:
    """The inputs of the root DAG: the run's arguments, and defaults for the rest."""
    parameters = dict(arguments)
    definitions = (component.get("inputDefinitions") or {}).get("parameters") or {}
    _convert(parameters, definitions, is_dag=True)
    return Values(parameters)


def producers(task: Json) -> set[str]:
    """The keys of the tasks whose outputs are inputs of `task`."""
    inputs = task.get("inputs") or {}
    sources = [
        *(inputs.get("parameters") or {}).values(),
        *(inputs.get("artifacts") or {}).values(),
    ]
    found = (one.get("taskOutputParameter") or one.get("taskOutputArtifact") for one in sources)
    return {one["producerTask"] for one in found if one}


def _convert(parameters: dict[str, Json], definitions: Json, *, is_dag: bool) -> None:
    """Give values their types; a DAG needs its defaults here, a container gets them inside."""
    for name, definition in definitions.items():
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


def _filled(value: Json, parameters: Mapping[str, Json], names: Mapping[str, str]) -> Json:
    """`value` with its placeholders replaced; those that are not known stay as they are."""
    if isinstance(value, str) and "{{$" in value:

        def replacement(match: re.Match[str]) -> str:
            parameter, name = match.groups()
            if parameter is not None:
                return to_text(parameters[parameter]) if parameter in parameters else match[0]
            return names.get(name, match[0])

        return _PLACEHOLDER.sub(replacement, value)
    if isinstance(value, list):
        return [_filled(one, parameters, names) for one in value]
    if isinstance(value, dict):
        return {key: _filled(one, parameters, names) for key, one in value.items()}
    return value


def _artifacts(
    name: str, source: Json, parent: Values, upstream: Mapping[str, Values]
) -> list[Any]:
    if "componentInputArtifact" in source:
        return parent.artifacts.get(source["componentInputArtifact"], [])
    output = source["taskOutputArtifact"]
    producer, key = output["producerTask"], output["outputArtifactKey"]
    if producer not in upstream or key not in upstream[producer].artifacts:
        raise TaskError(
            f"failed to resolve inputs: cannot find output artifact key {json.dumps(key)} in "
            f"producer task {json.dumps(producer)}, for input {name!r}"
        )
    return upstream[producer].artifacts[key]
