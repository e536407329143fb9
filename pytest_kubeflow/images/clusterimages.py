"""ClusterImages: the images that a cluster's own configuration names for what tests make.

Each method gives uses, or says of one that it is not known, and why: who may not read that
configuration still has a list of the rest. Sources: ml-pipeline-apiserver-deployment.yaml of
kubeflow/pipelines; katib-config of kubeflow/katib; jupyter-web-app, volumes-web-app and
tensorboard-controller of kubeflow/notebooks; inferenceservice-config and ClusterStorageContainer of
kserve/kserve; quick-start manifests of argoproj/argo-workflows; sidecar injector of istio/istio.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.errors import KubeflowError, NotFound
from pytest_kubeflow.images.imagelist import ImageUse, UnknownUse
from pytest_kubeflow.k8s.client import calling

if TYPE_CHECKING:
    from pytest_kubeflow.k8s.client import KubernetesClient

KUBEFLOW = "kubeflow"
Uses = Iterator[ImageUse | UnknownUse]

_RUNTIMES = ("serving.kserve.io", "v1alpha1", "clusterservingruntimes")
_STORAGE = ("serving.kserve.io", "v1alpha1", "clusterstoragecontainers")


class ClusterImages:
    """Reads a cluster's configuration, each object once."""

    def __init__(self, kubernetes: KubernetesClient) -> None:
        self._kubernetes = kubernetes

    def of_runs(self) -> Uses:
        """Of each run: the driver's pods, and the launcher in those of components."""
        for variable, purpose in (
            ("V2_DRIVER_IMAGE", "the driver of runs"),
            ("V2_LAUNCHER_IMAGE", "the launcher of components"),
        ):
            yield from self._by_variable("ml-pipeline", variable, purpose)
        yield from self.of_workflows()

    def of_workflows(self) -> Uses:
        """Of each pod of Argo: its executor, as an init container and beside the main one."""
        purpose, name = "Argo's executor in pods of runs and Workflows", "workflow-controller"
        try:
            arguments = self._deployment(name)["args"]
        except KubeflowError as error:
            yield UnknownUse(purpose, error.message)
            return
        image = _option(arguments, "--executor-image")
        if image:
            yield ImageUse(image, purpose, f"Deployment {KUBEFLOW}/{name}")
        else:
            reason = f"Deployment {KUBEFLOW}/{name} has no argument --executor-image"
            yield UnknownUse(purpose, reason)

    def of_notebooks(self) -> Uses:
        """The image with which the form for notebooks begins."""
        purpose = "notebooks"
        for found, text in self._config(
            purpose, "jupyter-web-app-config", "spawner_ui_config.yaml"
        ):
            if isinstance(text, UnknownUse):
                yield text
                return
            defaults = _yaml(text).get("spawnerFormDefaults")
            form = defaults.get("image") if isinstance(defaults, dict) else None
            image = form.get("value") if isinstance(form, dict) else None
            yield _use(image, purpose, found, "spawnerFormDefaults.image.value")

    def of_tensorboards(self) -> Uses:
        """That of the servers which the controller makes."""
        purpose = "TensorBoards"
        for found, text in self._config(
            purpose, "tensorboard-controller-config", "TENSORBOARD_IMAGE"
        ):
            yield text if isinstance(text, UnknownUse) else ImageUse(text, purpose, found)

    def of_viewers(self) -> Uses:
        """That of the file browsers which the web app for volumes asks for."""
        purpose = "viewers of volumes"
        for told, text in self._config(purpose, "volumes-web-app-viewer-spec", "viewer-spec.yaml"):
            if isinstance(text, UnknownUse):
                yield text
                return
            spec = _yaml(text).get("podSpec") or _yaml(text).get("podTemplate") or {}
            found = [one.get("image") for one in spec.get("containers") or ()]
            for image in found or [None]:
                yield _use(image, purpose, told, "podSpec.containers[].image")

    def of_katib(
        self,
        *,
        algorithms: Iterable[str] | None = None,
        early_stopping: Iterable[str] | None = None,
        collectors: Iterable[str] | None = None,
    ) -> Uses:
        """Of suggestions, early stopping and collectors: of these, or of all that there are."""
        config = "the configuration of Katib"
        for found, text in self._config(config, "katib-config", "katib-config.yaml"):
            if isinstance(text, UnknownUse):
                yield text
                return
            runtime = _yaml(text).get("runtime") or {}
            for key, name, wanted, what in (
                ("suggestions", "algorithmName", algorithms, "suggestions by"),
                ("earlyStoppings", "algorithmName", early_stopping, "early stopping by"),
                ("metricsCollectors", "kind", collectors, "the metrics collector"),
            ):
                entries = {str(one.get(name)): one.get("image") for one in runtime.get(key) or ()}
                for one in entries if wanted is None else wanted:
                    purpose = f"{what} {one}"
                    yield _use(entries.get(one), purpose, found, f"runtime.{key} {one}")

    def of_serving(self, model_format: str = "sklearn") -> Uses:
        """Of predictors: the servers for a format of models, and what fetches the model."""
        purpose = f"predictors of {model_format} models"
        try:
            runtimes = self._listed(*_RUNTIMES)
        except KubeflowError as error:
            yield UnknownUse(purpose, error.message)
        else:
            yield from _of_runtimes(runtimes, model_format, purpose)
        yield from self._of_initializer()

    def _of_initializer(self) -> Uses:
        purpose = "what fetches models"
        try:
            containers = self._listed(*_STORAGE)
        except KubeflowError:
            containers = []
        for one in containers:
            spec = one.get("spec") or {}
            prefixes = [str(each.get("prefix")) for each in spec.get("supportedUriFormats") or ()]
            if "s3://" in prefixes and (image := (spec.get("container") or {}).get("image")):
                name = one["metadata"]["name"]
                yield ImageUse(image, purpose, f"ClusterStorageContainer {name}")
                return
        for told, text in self._config(purpose, "inferenceservice-config", "storageInitializer"):
            if isinstance(text, UnknownUse):
                yield text
                return
            try:
                found = json.loads(text)
            except ValueError:
                found = {}
            image = found.get("image") if isinstance(found, dict) else None
            yield _use(image, purpose, told, "storageInitializer.image")

    def _by_variable(self, deployment: str, variable: str, purpose: str) -> Uses:
        try:
            variables = self._deployment(deployment)["env"]
        except KubeflowError as error:
            yield UnknownUse(purpose, error.message)
            return
        where = f"Deployment {KUBEFLOW}/{deployment}"
        if image := variables.get(variable):
            yield ImageUse(image, purpose, where)
        else:
            yield UnknownUse(purpose, f"{where} has no variable {variable}")

    def _deployment(self, name: str) -> Mapping[str, Any]:
        """Arguments and variables of the containers of a Deployment."""
        if name not in self._deployments:
            with calling(f"read deployment {KUBEFLOW}/{name}"):
                found = self._kubernetes.apps.read_namespaced_deployment(name, KUBEFLOW)
            containers = found.spec.template.spec.containers
            variables = [one for container in containers for one in container.env or ()]
            words = [
                word
                for container in containers
                for word in [*(container.command or ()), *(container.args or ())]
            ]
            values = {one.name: one.value for one in variables if one.value}
            self._deployments[name] = {"args": words, "env": values}
        return self._deployments[name]

    @cached_property
    def _deployments(self) -> dict[str, Mapping[str, Any]]:
        return {}

    def _config(self, purpose: str, name: str, key: str) -> Iterator[tuple[str, str | UnknownUse]]:
        """The value of a ConfigMap whose name may end in a hash, and how it is called."""
        try:
            maps = self._config_maps()
        except KubeflowError as error:
            yield "", UnknownUse(purpose, error.message)
            return
        matching = [one for one in maps if one == name or one.startswith(f"{name}-")]
        having = [one for one in matching if key in maps[one]]
        if not having:
            lacks = f"has no key {key}" if matching else "is not there"
            yield "", UnknownUse(purpose, f"ConfigMap {KUBEFLOW}/{name} {lacks}")
            return
        # Of several, which deployments before have left, the newest is in use.
        newest = max(having, key=lambda one: self._ages[one])
        yield f"ConfigMap {KUBEFLOW}/{newest}", maps[newest][key]

    def _config_maps(self) -> Mapping[str, Mapping[str, str]]:
        if self._maps is None:
            with calling(f"list config maps in {KUBEFLOW}"):
                found = self._kubernetes.core.list_namespaced_config_map(KUBEFLOW).items
            self._maps = {one.metadata.name: one.data or {} for one in found}
            self._ages = {
                one.metadata.name: one.metadata.creation_timestamp.timestamp() for one in found
            }
        return self._maps

    _maps: Mapping[str, Mapping[str, str]] | None = None
    _ages: Mapping[str, float]

    def _listed(self, group: str, version: str, plural: str) -> list[dict[str, Any]]:
        custom = self._kubernetes.custom
        with calling(f"list {plural}.{group}"):
            found = custom.list_cluster_custom_object(group, version, plural)
        items: list[dict[str, Any]] = found["items"]
        if not items:
            raise NotFound(f"there are no {plural}.{group}")
        return items

    def digests(self) -> dict[str, str]:
        """The digests that nodes know of images, by name; none where nodes may not be read."""
        try:
            with calling("list nodes"):
                nodes = self._kubernetes.core.list_node().items
        except KubeflowError:
            return {}
        found: dict[str, str] = {}
        for image in (one for node in nodes for one in node.status.images or ()):
            names = image.names or []
            digests = {name.partition("@")[2] for name in names if "@sha256:" in name}
            if len(digests) == 1:
                found |= dict.fromkeys((one for one in names if "@" not in one), digests.pop())
        return found


def _of_runtimes(runtimes: list[dict[str, Any]], model_format: str, purpose: str) -> Uses:
    found = [
        (str(one["metadata"]["name"]), container.get("image"))
        for one in runtimes
        if not (one.get("spec") or {}).get("disabled") and _serves(one, model_format)
        for container in one["spec"].get("containers") or ()
    ]
    if not found:
        yield UnknownUse(purpose, "no ClusterServingRuntime is chosen by itself for them")
    for name, image in found:
        yield _use(image, purpose, f"ClusterServingRuntime {name}", "spec.containers[].image")


def _serves(runtime: Mapping[str, Any], model_format: str) -> bool:
    formats = (runtime.get("spec") or {}).get("supportedModelFormats") or ()
    return any(one.get("name") == model_format and one.get("autoSelect") for one in formats)


def _use(image: object, purpose: str, where: str, field: str) -> ImageUse | UnknownUse:
    if isinstance(image, str) and image:
        return ImageUse(image, purpose, where)
    return UnknownUse(purpose, f"{where} names no image in {field}")


def _yaml(text: str) -> Mapping[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _option(arguments: Iterable[str], name: str) -> str | None:
    words = list(arguments)
    for number, word in enumerate(words):
        if word == name and number + 1 < len(words):
            return words[number + 1]
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
    return None
