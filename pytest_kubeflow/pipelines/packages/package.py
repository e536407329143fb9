"""Package: a compiled pipeline, with what tests want to know of it, and its images replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_kubeflow.config.imagemirror import images_replaced
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.objects.workflow_fields import unknown_fields

# What KFP's compiler puts into the command of a Python component, in every release since 2.0.
_PYTHON_COMPONENT = "kfp.dsl.executor_main"
# KFP's default, and what people write for it: `python:3.11`, `docker.io/library/python:3.12-slim`.
_PLAIN_PYTHON = re.compile(r"(?:^|/)python(?:[:@]|$)")
_KINDS: dict[str, tuple[type, ...]] = {
    "STRING": (str,),
    "NUMBER_INTEGER": (int,),
    "NUMBER_DOUBLE": (int, float),
    "BOOLEAN": (bool,),
    "LIST": (list,),
    "STRUCT": (dict,),
}

_KUBERNETES = "kubernetes"
"""The platform of kfp-kubernetes."""


@dataclass(frozen=True)
class Package:
    """`pipeline_spec` of the compiled pipeline, and its `platform_spec` where it has one.

    A package of KFP 1 is an Argo Workflow, which is its `pipeline_spec` then: KFP still runs them.
    """

    pipeline_spec: Mapping[str, Any]
    platform_spec: Mapping[str, Any] | None = None

    @classmethod
    def read(cls, path: Path) -> Package:
        """The package in a YAML file. Raises ConfigurationError if it is none."""
        import yaml

        if not path.is_file():
            raise ConfigurationError(f"there is no pipeline package {path}")
        try:
            # The C loader is ten times faster; not every build of PyYAML has it.
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
            documents = [each for each in yaml.load_all(path.read_text(), Loader=loader) if each]
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            reason = " ".join(str(error).split())
            raise ConfigurationError(f"{path} is no pipeline package: {reason}") from None
        specs = [each for each in documents if isinstance(each, dict) and "pipelineInfo" in each]
        platforms = [each for each in documents if isinstance(each, dict) and "platforms" in each]
        if not specs and len(documents) == 1 and _is_workflow(documents[0]):
            return cls(_checked(documents[0], path))
        if len(specs) != 1:
            others = ", ".join(_described(each) for each in documents if each not in platforms)
            raise ConfigurationError(
                f"{path} is no pipeline package: it needs one document with pipelineInfo, or one "
                f"Workflow of Argo and nothing else; it has {others or 'nothing'}"
            )
        return cls(specs[0], platforms[0] if platforms else None)

    @classmethod
    def of_api(cls, spec: Mapping[str, Any]) -> Package:
        """From the `pipeline_spec` of an API answer, which wraps it if there is a platform spec."""
        if "pipeline_spec" in spec:
            return cls(spec["pipeline_spec"], spec.get("platform_spec"))
        return cls(spec)

    def to_api(self) -> Mapping[str, Any]:
        """As requests to the API have it: `of_api` reads it."""
        if self.platform_spec is None:
            return self.pipeline_spec
        return {"pipeline_spec": self.pipeline_spec, "platform_spec": self.platform_spec}

    def text(self) -> str:
        """The YAML that clients upload."""
        import yaml

        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        documents = [self.pipeline_spec, *([self.platform_spec] if self.platform_spec else [])]
        return str(yaml.dump_all(documents, Dumper=dumper, sort_keys=False))

    def write(self, path: Path) -> None:
        """Write it as the YAML file that clients upload."""
        path.write_text(self.text())

    @property
    def is_workflow(self) -> bool:
        """Whether it is a package of KFP 1."""
        return _is_workflow(self.pipeline_spec)

    @property
    def described_as_workflow(self) -> str:
        """A package of KFP 1 in words, with the SDK that has compiled it where it says so."""
        metadata = self.pipeline_spec.get("metadata") or {}
        known = {**(metadata.get("labels") or {}), **(metadata.get("annotations") or {})}
        version = known.get("pipelines.kubeflow.org/kfp_sdk_version")
        return f"a package of KFP SDK 1 (an Argo Workflow{f', kfp {version}' if version else ''})"

    @property
    def name(self) -> str:
        """The pipeline's name."""
        if self.is_workflow:
            metadata = self.pipeline_spec.get("metadata") or {}
            name = metadata.get("name") or metadata.get("generateName") or "workflow"
            return str(name).rstrip("-")
        return str(self.pipeline_spec["pipelineInfo"]["name"])

    @property
    def root(self) -> Mapping[str, Any]:
        """The component that the pipeline itself is."""
        root: Mapping[str, Any] = self.pipeline_spec.get("root", {})
        return root

    def component(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """The component that a task of a DAG runs."""
        name = task.get("componentRef", {}).get("name", "")
        found: Mapping[str, Any] = self.pipeline_spec.get("components", {}).get(name, {})
        return found

    def tasks(self) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], Mapping[str, Any]]]:
        """(path, task, component) of every task, those of nested DAGs after the DAG."""
        yield from self._tasks_in(self.root, ())

    def _tasks_in(
        self, component: Mapping[str, Any], path: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], Mapping[str, Any]]]:
        for name, task in component.get("dag", {}).get("tasks", {}).items():
            inner = self.component(task)
            yield (*path, name), task, inner
            yield from self._tasks_in(inner, (*path, name))

    def with_base_image(self, image: str) -> Package:
        """The same with `image` in place of `python` in Python components.

        A component whose author has chosen another image keeps it, as do containers of others.
        """
        return self.with_containers(lambda one: {**one, "image": image} if _is_python(one) else one)

    def images(self) -> Mapping[str, str]:
        """The image of each executor that has a container, by the executor's name."""
        if self.is_workflow:
            return {
                str(template.get("name", "")): str(template[kind].get("image", ""))
                for template in (self.pipeline_spec.get("spec") or {}).get("templates") or ()
                for kind in ("container", "script")
                if kind in template
            }
        executors = self.pipeline_spec.get("deploymentSpec", {}).get("executors", {})
        return {
            name: str(executor["container"].get("image", ""))
            for name, executor in executors.items()
            if "container" in executor
        }

    def with_images(self, named: Callable[[str], str]) -> Package:
        """The same with each image replaced by what `named` gives for it."""
        if self.is_workflow:
            return Package(images_replaced(self.pipeline_spec, named))
        return self.with_containers(lambda container: _renamed(container, named))

    def with_containers(self, changed: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Package:
        """The same with each container as `changed` makes it; a package of KFP 1 as it is."""
        if self.is_workflow:
            return self
        spec = dict(self.pipeline_spec)
        deployment = spec.get("deploymentSpec", {})
        executors = {
            name: {**executor, "container": changed(executor["container"])}
            if "container" in executor
            else executor
            for name, executor in deployment.get("executors", {}).items()
        }
        spec["deploymentSpec"] = {**deployment, "executors": executors}
        return Package(spec, self.platform_spec)

    def with_kubernetes(self, changed: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Package:
        """The same with what kfp-kubernetes asks for each container as `changed` makes it.

        That is a KubernetesExecutorConfig, and empty where nothing is asked for. A package of KFP 1
        as it is.
        """
        if self.is_workflow:
            return self
        platform = dict(self.platform_spec or {})
        platforms = dict(platform.get("platforms") or {})
        kubernetes = dict(platforms.get(_KUBERNETES) or {})
        deployment = dict(kubernetes.get("deploymentSpec") or {})
        executors = dict(deployment.get("executors") or {})
        for name in self.images():
            executors[name] = dict(changed(executors.get(name) or {}))
        deployment["executors"] = executors
        platforms[_KUBERNETES] = {**kubernetes, "deploymentSpec": deployment}
        return Package(self.pipeline_spec, {**platform, "platforms": platforms})

    def without_caching(self) -> Package:
        """The same with the cache turned off for every task, also inside of nested DAGs.

        kfp's own `enable_caching=False` leaves those inside as they are. Packages of KFP 1 have
        no such setting.
        """
        if self.is_workflow:
            return self
        spec = dict(self.pipeline_spec)
        spec["root"] = _uncached(self.root)
        if components := spec.get("components"):
            spec["components"] = {name: _uncached(one) for name, one in components.items()}
        return Package(spec, self.platform_spec)

    def check_arguments(self, arguments: Mapping[str, object]) -> None:
        """Raise ConfigurationError, one line, unless the pipeline takes these arguments."""
        if self.is_workflow and arguments:
            raise ConfigurationError(
                f"pipeline {self.name} is {self.described_as_workflow}: version 2 of KFP's API "
                "ignores arguments for it, so change the values of its own parameters"
            )
        inputs = self.root.get("inputDefinitions", {}).get("parameters", {})
        takes = ", ".join(inputs) or "none"
        for name, value in arguments.items():
            if name not in inputs:
                raise ConfigurationError(
                    f"pipeline {self.name} has no parameter {name!r}; its parameters: {takes}"
                )
            kind = inputs[name].get("parameterType", "")
            if value is not None and not _fits(value, kind):
                raise ConfigurationError(
                    f"pipeline {self.name} takes {kind} for {name!r}, "
                    f"not {value!r} ({type(value).__name__})"
                )
        for name, definition in inputs.items():
            given = arguments.get(name) is not None
            if not given and "defaultValue" not in definition and not definition.get("isOptional"):
                raise ConfigurationError(
                    f"pipeline {self.name} needs an argument {name!r}; its parameters: {takes}"
                )


def _renamed(container: Mapping[str, Any], named: Callable[[str], str]) -> Mapping[str, Any]:
    return {**container, "image": named(str(container.get("image", "")))}


def _uncached(component: Mapping[str, Any]) -> Mapping[str, Any]:
    if "dag" not in component:
        return component
    dag = component["dag"]
    tasks = {name: {**task, "cachingOptions": {}} for name, task in dag.get("tasks", {}).items()}
    return {**component, "dag": {**dag, "tasks": tasks}}


def _is_workflow(document: object) -> bool:
    if not isinstance(document, Mapping) or document.get("kind") != "Workflow":
        return False
    return str(document.get("apiVersion", "")).startswith("argoproj.io/")


def _checked(workflow: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    """A package of KFP 1 without fields that Argo leaves out, and KFP with it, without a word."""
    spec, metadata = workflow.get("spec"), workflow.get("metadata") or {}
    parts = {"spec": spec, "metadata": metadata}
    if isinstance(metadata, Mapping):
        parts |= {f"metadata.{one}": metadata.get(one) or {} for one in ("labels", "annotations")}
    if wrong := [key for key, one in parts.items() if not isinstance(one, Mapping)]:
        raise ConfigurationError(f"{path} is no package of KFP 1: its {wrong[0]} is no mapping")
    if unknown := unknown_fields(workflow["spec"]):
        raise ConfigurationError(
            f"{path} has fields that Argo does not know, and would leave out without a word: "
            f"{', '.join(unknown)}"
        )
    return workflow


def _described(document: object) -> str:
    """What a document of YAML is, as messages name it."""
    if not isinstance(document, Mapping):
        return f"a {type(document).__name__}"
    if "pipelineInfo" in document:
        return "a pipeline"
    return f"a {document['kind']}" if document.get("kind") else "a mapping without kind"


def _is_python(container: Mapping[str, Any]) -> bool:
    words = [*container.get("command", ()), *container.get("args", ())]
    plain = _PLAIN_PYTHON.search(str(container.get("image", ""))) is not None
    return plain and any(_PYTHON_COMPONENT in str(word) for word in words)


def _fits(value: object, kind: str) -> bool:
    if kind not in _KINDS:
        return True
    # For Python a bool is an int; for KFP it is not.
    if isinstance(value, bool) and kind != "BOOLEAN":
        return False
    return isinstance(value, _KINDS[kind])


def compile_pipeline(pipeline: Path | str | Callable[..., object]) -> Package:
    """The package of a `@dsl.pipeline` function, a component, or a compiled file (.yaml).

    Raises ConfigurationError for what is none of these.
    """
    if isinstance(pipeline, Path | str):
        return Package.read(Path(pipeline))
    return _compile(pipeline)


def _compile(pipeline: Callable[..., object]) -> Package:
    import tempfile

    from kfp import compiler
    from kfp.compiler.compiler_utils import InvalidTopologyException
    from kfp.dsl import base_component

    if not isinstance(pipeline, base_component.BaseComponent):
        raise ConfigurationError(
            f"{pipeline!r} is no pipeline: give a function with @dsl.pipeline, "
            "a component, or the path of a compiled package"
        )
    with tempfile.TemporaryDirectory(prefix="pytest-kubeflow-") as folder:
        path = Path(folder) / "pipeline.yaml"
        try:
            compiler.Compiler().compile(pipeline, str(path))
        except (ValueError, TypeError, RuntimeError, InvalidTopologyException) as error:
            reason = " ".join(str(error).split())
            raise ConfigurationError(f"{pipeline!r} does not compile: {reason}") from error
        return Package.read(path)
