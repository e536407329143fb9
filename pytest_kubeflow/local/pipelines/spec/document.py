"""PipelineDocument: a pipeline spec and its platform spec, read and checked for its outer form.

Rules and messages: kubeflow/pipelines backend/src/apiserver/template/v2_template.go and
template.go. What the messages of `schema.py` do not know, or have of another type, is refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from pytest_kubeflow.local.aliases import AliasError, check_aliases
from pytest_kubeflow.local.pipelines.spec.schema import canonical
from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.validation import (
    metadata_error,
    shape_error,
    validate,
    without_nulls,
)

Json = Any
Spec = dict[str, Any]

SCHEMA_VERSION = "2.1.0"
# The C loader reads a large package ten times faster; not every build of PyYAML has it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class SpecError(ValueError):
    """The pipeline cannot be accepted; the message is the one that the API's answer carries."""


@dataclass(frozen=True, slots=True)
class PipelineDocument:
    """`spec` is a PipelineSpec, `platform` the `platforms.kubernetes` part of a PlatformSpec.

    A package of KFP 1 is an Argo Workflow, which is `spec` then.
    """

    spec: Spec
    platform: Spec = field(default_factory=dict)

    @property
    def is_workflow(self) -> bool:
        """Whether it is a package of KFP 1."""
        return "apiVersion" in self.spec

    @property
    def name(self) -> str:
        """`pipelineInfo.name`."""
        if self.is_workflow:
            metadata = self.spec.get("metadata") or {}
            return str(metadata.get("name") or metadata.get("generateName") or "")
        return str(self.spec["pipelineInfo"]["name"])

    @staticmethod
    def parse(text: bytes | str) -> PipelineDocument:
        """Read a package: one or two YAML (or JSON) documents. Raises SpecError."""
        try:
            documents = [one for one in yaml.load_all(text, Loader=_Loader) if one is not None]
            for one in documents:
                check_aliases(one)
        except (yaml.YAMLError, UnicodeDecodeError, AliasError) as error:
            raise SpecError(f"failed to parse pipeline spec YAML: {_one_line(error)}") from None
        except RecursionError:
            raise SpecError("failed to parse pipeline spec YAML: nested too deeply") from None
        return _assemble(documents)

    @staticmethod
    def from_struct(value: Json) -> PipelineDocument:
        """Read what a request carries: a bare spec, or `{pipeline_spec, platform_spec}`."""
        if isinstance(value, dict) and "pipeline_spec" in value:
            if extra := sorted(value.keys() - {"pipeline_spec", "platform_spec"}):
                raise SpecError(f"unknown template format: unexpected field {extra[0]!r}")
            return _assemble([value["pipeline_spec"], value.get("platform_spec") or None])
        return _assemble([value])

    def to_struct(self) -> Json:
        """What the API answers as `pipeline_spec`; the reverse of `from_struct`."""
        if not self.platform:
            return self.spec
        return {
            "pipeline_spec": self.spec,
            "platform_spec": {"platforms": {"kubernetes": self.platform}},
        }


def _assemble(documents: list[Json]) -> PipelineDocument:
    spec: Spec | None = None
    platform: Spec | None = None
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict):
            raise SpecError("unknown template format")
        if str(document.get("apiVersion", "")).startswith("argoproj.io/"):
            return PipelineDocument(_workflow(document))
        if "pipelineInfo" in document or "root" in document:
            if spec is not None:
                raise SpecError("multiple pipeline specs provided")
            spec = _checked(document)
        elif "platforms" in document:
            if platform is not None:
                raise SpecError("multiple platform specs provided")
            platform = _platform(document)
    if spec is None:
        raise SpecError("unknown template format")
    return PipelineDocument(spec, platform or {})


def _workflow(document: Spec) -> Spec:
    """An Argo Workflow that Argo has nothing against."""
    kind = document.get("kind")
    if kind != "Workflow":
        raise SpecError(f"Unexpected resource type. Expected: Workflow. Received: {kind}")
    package = dict(json.loads(json.dumps(document, default=str)))
    package["spec"] = package.get("spec") or {}
    spec, metadata = package["spec"], package.get("metadata") or {}
    if message := shape_error(spec) or metadata_error(metadata):
        raise SpecError(f"Failed to parse the workflow template: {message}")
    try:
        validate(
            str(metadata.get("name") or metadata.get("generateName") or ""),
            without_nulls(spec),
            metadata.get("labels") or {},
            metadata.get("annotations") or {},
        )
    except WorkflowError as error:
        raise SpecError(str(error)) from None
    return package


def _checked(document: Spec) -> Spec:
    spec = _read("PipelineSpec", document, "invalid v2 pipeline spec")
    if "deploymentSpec" in spec:
        # Any object to the PipelineSpec; the real server's compiler reads this message in it.
        spec["deploymentSpec"] = _read(
            "PipelineDeploymentConfig",
            spec["deploymentSpec"],
            "invalid v2 pipeline spec: deploymentSpec",
        )
    if "root" not in spec:
        raise SpecError("invalid v2 pipeline spec: root is missing")
    version = spec.get("schemaVersion", "")
    if version != SCHEMA_VERSION:
        raise SpecError(
            f"KFP only supports schema version {SCHEMA_VERSION}, "
            f"but the pipeline spec has version {version}"
        )
    name = (spec.get("pipelineInfo") or {}).get("name")
    if not name:
        raise SpecError("invalid v2 pipeline spec: name is empty")
    if not _NAME.search(name):
        raise SpecError(
            "invalid v2 pipeline spec: name should consist of lower case alphanumeric "
            "characters, '-' or '.', and must start and end with an alphanumeric character"
        )
    return spec


def _platform(document: Json) -> Spec:
    spec = _read("PlatformSpec", document, "cannot unmarshal platform specific configs")
    platforms = spec.get("platforms") or {}
    if other := sorted(platforms.keys() - {"kubernetes"}):
        raise SpecError(f"platform {other[0]!r} is not supported; kubernetes is")
    return dict(platforms.get("kubernetes") or {})


def _read(message: str, value: Json, refusal: str) -> Spec:
    """A document in the one form of its message."""
    try:
        plain = json.loads(json.dumps(value, default=_not_json, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise SpecError(f"cannot convert v2 pipeline spec to json format: {error}") from None
    try:
        return dict(canonical(message, plain))
    except ValueError as error:
        raise SpecError(f"{refusal}: {error}") from None


def _not_json(value: object) -> Json:
    raise TypeError(f"{type(value).__name__} {value} has no place in JSON; quote it")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
