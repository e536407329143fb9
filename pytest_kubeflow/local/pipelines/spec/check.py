"""What of the pipeline language the driver runs: everything else is refused by name.

Fields: kubeflow/pipelines api/v2alpha1/pipeline_spec.proto and
kubernetes_platform/proto/kubernetes_executor_config.proto. A field that this table does not know
would be ignored by the driver, so it is an error here, as unknown fields are for the real server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from pytest_kubeflow.local.pipelines.spec.document import PipelineDocument, SpecError

Json = Any

_FEATURES = {
    "artifactIterator": "ParallelFor loops over artifacts",
    "resolver": "resolver components",
    "customJob": "custom job components",
    "singlePlatformSpecs": "platform specs inside a component",
    "lifecycle": "container lifecycles",
    "genericEphemeralVolume": "generic ephemeral volumes",
    "enabledSharedMemory": "shared memory settings",
    "podAffinity": "pod affinity",
}
_COMPLETED = "ALL_UPSTREAM_TASKS_COMPLETED"
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
_PRODUCED = ("taskOutputParameter", "taskOutputArtifact", "taskFinalStatus")
_STRATEGIES = ("TRIGGER_STRATEGY_UNSPECIFIED", "ALL_UPSTREAM_TASKS_SUCCEEDED", _COMPLETED)
_ARTIFACT_SOURCES = ("componentInputArtifact", "taskOutputArtifact")
_TOLERATION = ("key", "operator", "value", "effect", "tolerationSeconds", "tolerationJson")
_EXECUTOR_CONFIG = (
    "pvcMount", "secretAsEnv", "secretAsVolume", "configMapAsEnv", "configMapAsVolume",
    "emptyDirMounts", "nodeSelector", "tolerations", "podMetadata", "imagePullPolicy",
    "imagePullSecret", "fieldPathAsEnv", "activeDeadlineSeconds", "nodeAffinity", "securityContext",
    "initContainers",
)  # fmt: skip


def check_supported(document: PipelineDocument) -> None:
    """Raise SpecError, in one line, for what the driver would not run, or that leads nowhere."""
    try:
        _check(document)
    except (AttributeError, KeyError, TypeError) as error:
        # A part that is of another kind than the schema says (a list for an object, say).
        raise SpecError(f"invalid v2 pipeline spec: malformed ({error})") from None


def _check(document: PipelineDocument) -> None:
    spec = document.spec
    _known(spec, _SPEC, "pipeline spec")
    components = _objects(spec, "components", "pipeline spec")
    executors = _objects(spec.get("deploymentSpec") or {}, "executors", "deploymentSpec")
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
    label = component.get("executorLabel")
    if label is not None:
        if label not in executors:
            raise SpecError(f"{where} refers to executor {label!r}, which is not there")
        return
    if "dag" not in component:
        raise SpecError(f"{where} has neither a dag nor an executorLabel")
    dag = component["dag"]
    _known(dag, ("tasks", "outputs"), f"the dag of {where}")
    tasks = _objects(dag, "tasks", where)
    graph: dict[str, set[str]] = {}
    for key, task in tasks.items():
        graph[key] = _task(task, components, component, f"task {key!r} of {where}")
    for key, needed in graph.items():
        if missing := sorted(needed - tasks.keys()):
            raise SpecError(f"task {key!r} of {where} depends on {missing[0]!r}, which is no task")
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
        for name, source in _objects(inputs, section, where).items():
            place = f"input {name!r} of {where}"
            kinds = source.keys() - {"parameterExpressionSelector"}
            _known({kind: source[kind] for kind in sorted(kinds)}, sources, place)
            if len(kinds) != 1:
                raise SpecError(f"{place} must have one source, found {len(kinds)}")
            for kind in _PRODUCED:
                if kind in source:
                    needed.add(source[kind].get("producerTask", ""))
            outer = source.get("componentInputParameter") or source.get("componentInputArtifact")
            if outer and outer not in (offered.get(section) or {}):
                raise SpecError(f"{place} comes from {outer!r}, which its parent does not have")
            _known(source.get("runtimeValue") or {}, ("constant",), place)
    return needed


def _policies(task: Json, where: str) -> None:
    trigger = task.get("triggerPolicy") or {}
    _known(trigger, ("condition", "strategy"), f"trigger policy of {where}")
    if trigger.get("strategy", _COMPLETED) not in _STRATEGIES:
        raise SpecError(f"{where} has an unknown trigger strategy {trigger['strategy']!r}")
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
    producers: list[tuple[str, Json]] = []
    for name, source in _objects(outputs, "parameters", where).items():
        _known(source, ("valueFromParameter", "valueFromOneof"), f"output {name!r} of {where}")
        one = source.get("valueFromParameter")
        choices = [one] if one else source["valueFromOneof"].get("parameterSelectors") or []
        producers += [(name, choice) for choice in choices]
    for name, source in _objects(outputs, "artifacts", where).items():
        producers += [(name, choice) for choice in source.get("artifactSelectors") or []]
    for name, producer in producers:
        if producer.get("producerSubtask") not in tasks:
            raise SpecError(
                f"output {name!r} of {where} comes from task {producer.get('producerSubtask')!r}, "
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
    deployment = platform.get("deploymentSpec") or {}
    _known(deployment, ("executors",), "platform spec")
    for name, config in _objects(deployment, "executors", "platform spec").items():
        where = f"platform config of executor {name!r}"
        _known(config, _EXECUTOR_CONFIG, where)
        _known(config.get("nodeSelector") or {}, ("labels", "nodeSelectorJson"), where)
        for toleration in config.get("tolerations") or []:
            _known(toleration, _TOLERATION, where)


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
    if not isinstance(value, dict):
        raise SpecError(f"{where} is not an object")
    for name in value:
        if name not in names:
            if feature := _FEATURES.get(name):
                raise _unsupported(feature, where)
            raise SpecError(f"invalid v2 pipeline spec: unknown field {name!r} in {where}")


def _objects(value: Json, name: str, where: str) -> dict[str, Json]:
    found = value.get(name) or {}
    if not isinstance(found, dict) or not all(isinstance(one, dict) for one in found.values()):
        raise SpecError(f"{name} of {where} is not a map of objects")
    return found


def _unsupported(feature: str, where: str) -> SpecError:
    return SpecError(f"the embedded Kubeflow does not run {feature} yet: {where}")
