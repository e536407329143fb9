"""The kinds of a registry: their fields, which of them may be changed, and what they belong to.

Source: kubeflow/model-registry v0.3.8, api/openapi/model-registry.yaml and internal/core.
"""

from __future__ import annotations

from dataclasses import dataclass

_COMMON = ("customProperties", "description", "externalId")
_LIVE = ("LIVE", "ARCHIVED")
LISTS = frozenset({"language", "tasks"})
"""Fields that are lists of texts; the others are texts, but for customProperties."""


@dataclass(frozen=True)
class Kind:
    """One of them. What is in one `table` of ML Metadata is numbered together.

    `state` is the field that has one of `states`, the first where none is given; "" for a kind
    without. `parent` is the field with the id of what it belongs to, a thing `of` that list.
    """

    title: str
    plural: str
    type_name: str
    table: str
    fields: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    state: str = "state"
    states: tuple[str, ...] = _LIVE
    parent: str = ""
    of: str = ""
    artifact_type: str = ""

    @property
    def editable(self) -> tuple[str, ...]:
        """What an update may have."""
        return (*_COMMON, *self.fields, *((self.state,) if self.state else ()))

    @property
    def creatable(self) -> tuple[str, ...]:
        """What a new one may have."""
        return ("name", *self.editable, *self.fixed)


REGISTERED_MODEL = Kind(
    "registered model",
    "registered_models",
    "RegisteredModel",
    "contexts",
    fields=(
        *("readme", "maturity", "language", "tasks", "provider", "logo", "license"),
        *("licenseLink", "libraryName", "owner"),
    ),
    required=("name",),
)
MODEL_VERSION = Kind(
    "model version",
    "model_versions",
    "ModelVersion",
    "contexts",
    fields=("author",),
    fixed=("registeredModelId",),
    required=("name", "registeredModelId"),
    parent="registeredModelId",
    of="registered_models",
)
SERVING_ENVIRONMENT = Kind(
    "serving environment",
    "serving_environments",
    "ServingEnvironment",
    "contexts",
    required=("name",),
    state="",
    states=(),
)
INFERENCE_SERVICE = Kind(
    "inference service",
    "inference_services",
    "InferenceService",
    "contexts",
    fields=("modelVersionId", "runtime"),
    fixed=("registeredModelId", "servingEnvironmentId"),
    required=("registeredModelId", "servingEnvironmentId"),
    state="desiredState",
    states=("DEPLOYED", "UNDEPLOYED"),
    parent="servingEnvironmentId",
    of="serving_environments",
)
_ARTIFACT_STATES = (
    *("UNKNOWN", "PENDING", "LIVE", "MARKED_FOR_DELETION", "DELETED", "ABANDONED", "REFERENCE"),
)
MODEL_ARTIFACT = Kind(
    "model artifact",
    "model_artifacts",
    "ModelArtifact",
    "artifacts",
    fields=(
        *("uri", "modelFormatName", "modelFormatVersion", "storageKey", "storagePath"),
        *("serviceAccountName", "modelSourceKind", "modelSourceClass", "modelSourceGroup"),
        *("modelSourceId", "modelSourceName"),
    ),
    states=_ARTIFACT_STATES,
    artifact_type="model-artifact",
)
DOC_ARTIFACT = Kind(
    "doc artifact",
    "doc_artifacts",
    "DocArtifact",
    "artifacts",
    fields=("uri",),
    states=_ARTIFACT_STATES,
    artifact_type="doc-artifact",
)
ARTIFACTS = {one.artifact_type: one for one in (MODEL_ARTIFACT, DOC_ARTIFACT)}
KINDS = (REGISTERED_MODEL, MODEL_VERSION, SERVING_ENVIRONMENT, INFERENCE_SERVICE)
