"""What of the pipeline language the driver runs: everything else is refused by name.

Fields: kubeflow/pipelines api/v2alpha1/pipeline_spec.proto. Documents have been read by
`schema.py`, so their fields are of the right types. One that this table does not know would be
ignored by the driver, so it is an error here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pytest_kubeflow.local.pipelines.spec.document import PipelineDocument, SpecError
from pytest_kubeflow.local.pipelines.spec.executor_config import check_executor_config

Json = Any

_FEATURES = {
    "artifactIterator": "ParallelFor loops over artifacts",
    "resolver": "resolver components",
    "customJob": "custom job components",
    "singlePlatformSpecs": "platform specs inside a component",
    "lifecycle": "container lifecycles",
}
_SPEC = (
    "pipelineInfo", "deploymentSpec", "schemaVersion", "sdkVersion", "components", "root",
    "defaultPipelineRoot",
)  # fmt: skip
_COMPONENT = (
    "inputDefinitions", "outputDefinitions", "dag", "executorLabel", "taskConfigPassthroughs",
)  # fmt: skip
_TASK = (
    "taskInfo", "inputs", "dependentTasks", "cachingOptions", "componentRef", "triggerPolicy",
    "retryPolicy", "parameterIterator", "iteratorPolicy",
)  # fmt: skip
_CONTAINER = ("image", "command", "args", "env", "resources")
_IMPORTER = ("artifactUri", "typeSchema", "metadata", "reimport", "downloadToWorkspace")
_PARAMETER_SOURCES = (
    "componentInputParameter", "taskOutputParameter", "runtimeValue", "taskFinalStatus",
)  # fmt: skip
_PRODUCED = {
    "taskOutputParameter": ("producerTask", "outputParameterKey"),
    "taskOutputArtifact": ("producerTask", "outputArtifactKey"),
    "taskFinalStatus": ("producerTask",),
}
_ARTIFACT_SOURCES = ("componentInputArtifact", "taskOutputArtifact")


def check_supported(document: PipelineDocument) -> None:
    """Raise SpecError, in one line, for what the driver would not run, or that leads nowhere."""
    spec = document.spec
    if document.is_workflow:
        return  # the workflow controller says what it does not run
    _known(spec, _SPEC, "pipeline spec")
    components = spec.get("components") or {}
    executors = (spec.get("deploymentSpec") or {}).get("executors") or {}
    for name, component in {"root": spec["root"], **components}.items():
        _component(name, component, components, executors)
    for name, executor in executors.items():
        _executor(name, executor)
    _no_recursion(components)
    _platform(document.platform)


def _component(
    name: str, component: Json, components: Mapping[str, Json], executors: Mapping[str, Json]
) -> None:
    where = f"component {name!r}"
    _known(component, _COMPONENT, where)
    for one in component.get("taskConfigPassthroughs") or []:
        _complete(one, ("field",), f"a task config passthrough of {where}")
    label = component.get("executorLabel")
    if label is not None:
        if label not in executors:
            raise SpecError(f"{where} refers to executor {label!r}, which is not there")
        return
    if "dag" not in component:
        raise SpecError(f"{where} has neither a dag nor an executorLabel")
    dag = component["dag"]
    _known(dag, ("tasks", "outputs"), f"the dag of {where}")
    tasks = dag.get("tasks") or {}
    graph: dict[str, set[str]] = {}
    for key, task in tasks.items():
        graph[key] = _task(task, components, component, f"task {key!r} of {where}")
    for key, needed in graph.items():
        if missing := sorted(needed - tasks.keys()):
            raise SpecError(f"task {key!r} of {where} depends on {missing[0]!r}, which is no task")
        if hooked := sorted(one for one in needed if _is_exit_task(tasks[one])):
            raise SpecError(
                f"task {key!r} of {where} depends on {hooked[0]!r}, which ignores failures "
                "upstream: Argo runs that one as a hook, and nothing can depend on it"
            )
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise SpecError(f"tasks of {where} depend on each other in a circle: {circle}") from None
    _outputs(dag.get("outputs") or {}, tasks, where)


def _task(task: Json, components: Mapping[str, Json], parent: Json, where: str) -> set[str]:
    """Check one task; the keys of the tasks that it waits for."""
    _known(task, _TASK, where)
    reference = (task.get("componentRef") or {}).get("name")
    if reference not in components:
        raise SpecError(f"{where} refers to component {reference!r}, which is not there")
    inputs = task.get("inputs") or {}
    _known(inputs, ("parameters", "artifacts"), f"inputs of {where}")
    needed = set(task.get("dependentTasks") or ())
    _policies(task, where)
    offered = parent.get("inputDefinitions") or {}
    for section, sources in (("parameters", _PARAMETER_SOURCES), ("artifacts", _ARTIFACT_SOURCES)):
        for name, source in (inputs.get(section) or {}).items():
            place = f"input {name!r} of {where}"
            kinds = source.keys() - {"parameterExpressionSelector"}
            _known({kind: source[kind] for kind in sorted(kinds)}, sources, place)
            if len(kinds) != 1:
                raise SpecError(f"{place} must have one source, found {len(kinds)}")
            for kind in kinds & _PRODUCED.keys():
                _complete(source[kind], _PRODUCED[kind], place)
                needed.add(source[kind]["producerTask"])
            outer = source.get("componentInputParameter", source.get("componentInputArtifact"))
            if outer is not None and outer not in (offered.get(section) or {}):
                raise SpecError(f"{place} comes from {outer!r}, which its parent does not have")
            _known(source.get("runtimeValue") or {}, ("constant",), place)
    return needed


def _is_exit_task(task: Json) -> bool:
    return (task.get("triggerPolicy") or {}).get("strategy") == "ALL_UPSTREAM_TASKS_COMPLETED"


def _policies(task: Json, where: str) -> None:
    _known(task.get("triggerPolicy") or {}, ("condition", "strategy"), f"trigger policy of {where}")
    backoff = ("maxRetryCount", "backoffDuration", "backoffFactor", "backoffMaxDuration")
    _known(task.get("retryPolicy") or {}, backoff, f"retry policy of {where}")
    _known(task.get("iteratorPolicy") or {}, ("parallelismLimit",), f"iterator policy of {where}")
    iterator = task.get("parameterIterator")
    if iterator is not None:
        place = f"parameter iterator of {where}"
        _known(iterator, ("items", "itemInput"), place)
        items = iterator.get("items") or {}
        _known(items, ("inputParameter", "raw"), f"items of the {place}")
        if len(items) != 1 or not iterator.get("itemInput"):
            raise SpecError(
                f"the {place} needs an itemInput, and items that are a parameter or raw"
            )


def _outputs(outputs: Json, tasks: Mapping[str, Json], where: str) -> None:
    _known(outputs, ("parameters", "artifacts"), f"outputs of {where}")
    producers: list[tuple[str, Json, str]] = []
    for name, source in (outputs.get("parameters") or {}).items():
        _known(source, ("valueFromParameter", "valueFromOneof"), f"output {name!r} of {where}")
        if not source:
            raise SpecError(f"output {name!r} of {where} comes from nowhere")
        one = source.get("valueFromParameter")
        choices = source["valueFromOneof"].get("parameterSelectors") or [] if one is None else [one]
        producers += [(name, choice, "outputParameterKey") for choice in choices]
    for name, source in (outputs.get("artifacts") or {}).items():
        choices = source.get("artifactSelectors") or []
        producers += [(name, choice, "outputArtifactKey") for choice in choices]
    for name, producer, key in producers:
        _complete(producer, ("producerSubtask", key), f"output {name!r} of {where}")
        if producer["producerSubtask"] not in tasks:
            raise SpecError(
                f"output {name!r} of {where} comes from task {producer['producerSubtask']!r}, "
                "which is not there"
            )


def _executor(name: str, executor: Json) -> None:
    where = f"executor {name!r}"
    _known(executor, ("container", "importer"), where)
    if "importer" in executor:
        importer = executor["importer"]
        _known(importer, _IMPORTER, f"importer of {where}")
        _known(importer.get("artifactUri") or {}, ("constant", "runtimeParameter"), where)
        return
    container = executor.get("container") or {}
    _known(container, _CONTAINER, where)
    if not container.get("image"):
        raise SpecError(f"{where} has no image")


def _platform(platform: Mapping[str, Json]) -> None:
    _known(platform, ("deploymentSpec", "pipelineConfig"), "platform spec")
    _workspace(platform.get("pipelineConfig") or {})
    executors = (platform.get("deploymentSpec") or {}).get("executors") or {}
    for name, config in executors.items():
        check_executor_config(config, f"platform config of executor {name!r}")


def _workspace(config: Json) -> None:
    where = "pipeline config of the platform spec"
    _known(config, ("workspace",), where)
    _known(config.get("workspace") or {}, ("size", "kubernetes"), f"workspace in the {where}")
    if "workspace" in config and not config["workspace"].get("size"):
        raise SpecError("workspace size is required but not specified")


def _no_recursion(components: Mapping[str, Json]) -> None:
    graph = {
        name: {
            task["componentRef"]["name"]
            for task in ((component.get("dag") or {}).get("tasks") or {}).values()
        }
        for name, component in components.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = " -> ".join(error.args[1])
        raise SpecError(f"components contain each other in a circle: {circle}") from None


def _known(value: Json, names: Iterable[str], where: str) -> None:
    for name in value:
        if name not in names:
            feature = _FEATURES.get(name, f"the field {name!r}")
            raise SpecError(f"the embedded Kubeflow does not run {feature} yet: {where}")


def _complete(value: Json, names: Iterable[str], where: str) -> None:
    for name in names:
        if name not in value:
            raise SpecError(f"{where} has no {name}")
