"""Which ServingRuntime or ClusterServingRuntime serves a model.

Rules: kserve/kserve pkg/apis/serving/v1beta1/predictor_model.go (GetSupportingRuntimes) and
pkg/controller/v1beta1/inferenceservice/components/predictor.go (reconcileModel).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.serving.errors import InvalidSpecError

_FORMATS = ("sklearn", "xgboost", "lightgbm", "pmml", "paddle", "tensorflow", "pytorch", "onnx")


@dataclass(frozen=True, slots=True)
class Runtime:
    """A runtime by name; `clustered`: it is a ClusterServingRuntime."""

    name: str
    spec: Object
    clustered: bool


def model_of(predictor: Object) -> Object | None:
    """`predictor.model` or, for the older way to write it (`predictor.sklearn`), its like."""
    if (model := predictor.get("model")) is not None:
        found: Object = model
        return found
    for name in _FORMATS:
        if name in predictor:
            return {"modelFormat": {"name": name}, **(predictor[name] or {})}
    return None


def choose(model: Object, own: Iterable[Object], clustered: Iterable[Object]) -> Runtime:
    """The runtime for `model`; those of its namespace come first. Raises InvalidSpecError."""
    runtimes = [
        *(Runtime(one["metadata"]["name"], one["spec"], False) for one in own),
        *(Runtime(one["metadata"]["name"], one["spec"], True) for one in clustered),
    ]
    if (name := model.get("runtime")) is not None:
        return _named(name, model, runtimes)
    # Sorting keeps the order: namespace before cluster, and within each by priority.
    fitting = [one for one in runtimes if _selects_itself(one, model)]
    fitting.sort(key=lambda one: (one.clustered, -_priority(one, model), one.name))
    if not fitting:
        raise InvalidSpecError(
            "NoSupportingRuntime",
            "No runtime found to support specified framework/version",
            "no runtime found to support predictor with model type: "
            f"{_shown(model['modelFormat'])}",
        )
    return fitting[0]


def _named(name: str, model: Object, runtimes: list[Runtime]) -> Runtime:
    found = next((one for one in runtimes if one.name == name), None)
    if found is None:
        raise InvalidSpecError(
            "RuntimeNotRecognized",
            "Waiting for runtime to become available",
            f"No ServingRuntimes or ClusterServingRuntimes with the name: {name}",
        )
    if found.spec.get("disabled"):
        raise InvalidSpecError(
            "RuntimeDisabled",
            "Specified runtime is disabled",
            f"specified runtime {name} is disabled",
        )
    if not _speaks(found, model):
        raise InvalidSpecError(
            "NoSupportingRuntime",
            "Specified runtime does not support specified protocol version",
            f"specified runtime {name} does not support specified protocol version",
        )
    if not any(_fits(one, model["modelFormat"]) for one in _formats(found)):
        raise InvalidSpecError(
            "NoSupportingRuntime",
            "Specified runtime does not support specified framework/version",
            f"specified runtime {name} does not support specified framework/version",
        )
    return found


def _formats(runtime: Runtime) -> list[Object]:
    formats: list[Object] = runtime.spec.get("supportedModelFormats") or []
    return formats


def _selects_itself(runtime: Runtime, model: Object) -> bool:
    if runtime.spec.get("disabled") or not _speaks(runtime, model):
        return False
    return any(
        one.get("autoSelect") and _fits(one, model["modelFormat"]) for one in _formats(runtime)
    )


def _priority(runtime: Runtime, model: Object) -> int:
    fitting = [one for one in _formats(runtime) if _fits(one, model["modelFormat"])]
    return max((int(one.get("priority") or 0) for one in fitting), default=0)


def _fits(supported: Object, wanted: Object) -> bool:
    if supported["name"] != wanted["name"]:
        return False
    version = wanted.get("version")
    return version is None or str(supported.get("version")) == str(version)


def _speaks(runtime: Runtime, model: Object) -> bool:
    wanted = model.get("protocolVersion")
    spoken = runtime.spec.get("protocolVersions") or ["v1"]
    return wanted is None or wanted in spoken


def _shown(model_format: Object) -> str:
    return f"{{{model_format['name']} {model_format.get('version', '<nil>')}}}"
