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
    "parameterIterator": "ParallelFor loops",
    "artifactIterator": "ParallelFor loops over artifacts",
    "iteratorPolicy": "limited parallelism of loops",
    "triggerPolicy": "conditions and exit handlers",
    "retryPolicy": "retries of tasks",
    "importer": "importer components",
    "resolver": "resolver components",
    "customJob": "custom job components",
    "taskFinalStatus": "the final status of an exit handler's tasks",
    "parameterExpressionSelector": "expressions on parameters",
    "valueFromOneof": "dsl.OneOf",
    "runtimeParameter": "runtime parameters of the IR",
    "taskConfigPassthroughs": "task config passthroughs",
    "singlePlatformSpecs": "platform specs inside a component",
    "lifecycle": "container lifecycles",
    "nodeAffinity": "node affinity",
    "podAffinity": "pod affinity",
    "genericEphemeralVolume": "generic ephemeral volumes",
    "enabledSharedMemory": "shared memory settings",
    "securityContext": "security contexts",
    "pipelineConfig": "pipeline-wide settings of the platform, such as a workspace",
    "tolerationJson": "tolerations from a parameter",
    "nodeSelectorJson": "a node selector from a parameter",
}
_SPEC = (
    "pipelineInfo", "deploymentSpec", "schemaVersion", "sdkVersion", "components", "root",
    "defaultPipelineRoot",
)  # fmt: skip
_COMPONENT = ("inputDefinitions", "outputDefinitions", "dag", "executorLabel")
_TASK = (
    "taskInfo", "inputs", "dependentTasks", "cachingOptions", "componentRef",
)  # fmt: skip
_CONTAINER = ("image", "command", "args", "env", "resources")
_PARAMETER_SOURCES = ("componentInputParameter", "taskOutputParameter", "runtimeValue")
_ARTIFACT_SOURCES = ("componentInputArtifact", "taskOutputArtifact")
_EXECUTOR_CONFIG = (
    "pvcMount", "secretAsEnv", "secretAsVolume", "configMapAsEnv", "configMapAsVolume",
    "emptyDirMounts", "nodeSelector", "tolerations", "podMetadata", "imagePullPolicy",
    "imagePullSecret", "fieldPathAsEnv", "activeDeadlineSeconds",
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
    offered = parent.get("inputDefinitions") or {}
    for section, sources in (("parameters", _PARAMETER_SOURCES), ("artifacts", _ARTIFACT_SOURCES)):
        for name, source in _objects(inputs, section, where).items():
            place = f"input {name!r} of {where}"
            _known(source, sources, place)
            if len(source) != 1:
                raise SpecError(f"{place} must have one source, found {len(source)}")
            producer = source.get("taskOutputParameter") or source.get("taskOutputArtifact") or {}
            if producer:
                needed.add(producer.get("producerTask", ""))
            outer = source.get("componentInputParameter") or source.get("componentInputArtifact")
            if outer and outer not in (offered.get(section) or {}):
                raise SpecError(f"{place} comes from {outer!r}, which its parent does not have")
            _known(source.get("runtimeValue") or {}, ("constant",), place)
    return needed


def _outputs(outputs: Json, tasks: Mapping[str, Json], where: str) -> None:
    _known(outputs, ("parameters", "artifacts"), f"outputs of {where}")
    producers: list[tuple[str, Json]] = []
    for name, source in _objects(outputs, "parameters", where).items():
        _known(source, ("valueFromParameter",), f"output {name!r} of {where}")
        producers.append((name, source["valueFromParameter"]))
    for name, source in _objects(outputs, "artifacts", where).items():
        selectors = source.get("artifactSelectors") or []
        if len(selectors) > 1:
            raise _unsupported(_FEATURES["valueFromOneof"], f"output {name!r} of {where}")
        producers += [(name, selector) for selector in selectors]
    for name, producer in producers:
        if producer.get("producerSubtask") not in tasks:
            raise SpecError(
                f"output {name!r} of {where} comes from task {producer.get('producerSubtask')!r}, "
                "which is not there"
            )


def _executor(name: str, executor: Json) -> None:
    where = f"executor {name!r}"
    _known(executor, ("container",), where)
    container = executor.get("container") or {}
    _known(container, _CONTAINER, where)
    if not container.get("image"):
        raise SpecError(f"{where} has no image")


def _platform(platform: Mapping[str, Json]) -> None:
    _known(platform, ("deploymentSpec",), "platform spec")
    deployment = platform.get("deploymentSpec") or {}
    _known(deployment, ("executors",), "platform spec")
    for name, config in _objects(deployment, "executors", "platform spec").items():
        where = f"platform config of executor {name!r}"
        _known(config, _EXECUTOR_CONFIG, where)
        _known(config.get("nodeSelector") or {}, ("labels",), where)
        for toleration in config.get("tolerations") or []:
            _known(toleration, ("key", "operator", "value", "effect", "tolerationSeconds"), where)


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
