"""ModelRegistry: registers models of ours, finds versions, and archives at the end what it made."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytest_kubeflow.deletion import in_turn
from pytest_kubeflow.errors import ConfigurationError, NotFound
from pytest_kubeflow.k8s.sessions.made import MADE
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.model_registry.client import PREFIX, ModelRegistryClient

_MODELS, _VERSIONS = "registered_models", "model_versions"
_ARTIFACT = "model-artifact"
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character, which UTF-8 does not have, nor do registries."""

_INT32 = 2**31
"""The server of v0.3.8 refuses integers that do not fit (`StringToInt32` of its converters)."""

ARCHIVED, LIVE = "ARCHIVED", "LIVE"


@dataclass(frozen=True)
class RegisteredVersion:
    """A version of a registered model, as the registry had it when it was asked.

    `uri` is where the model lies, `properties` are its custom properties with their plain values.
    """

    model: str
    name: str
    id: str
    model_id: str
    state: str
    uri: str
    format: str
    properties: Mapping[str, str | int | float | bool]


class ModelRegistry:
    """`registry.register("iris", "v1", uri="s3://...")`, then `registry.version("iris", "v1")`.

    Nothing can be deleted from a registry: `close` archives the models that it made.
    """

    def __init__(
        self, client: ModelRegistryClient, *, ownership: Ownership, inside: str = ""
    ) -> None:
        self.client = client
        self._inside = inside
        self._ownership = ownership
        self.made: dict[str, str] = {}
        """The ids of the models that it made, by their names."""

    @property
    def inside(self) -> str:
        """The URL of its API for pods, as far as the path of a version."""
        return f"{self._inside}{PREFIX}/{self.client.version}"

    def new_name(self) -> str:
        """A name for a model that no other session gives to one."""
        return self._ownership.name("model")

    def expect(self) -> str:
        """The name of a model that it makes now, without versions: a pipeline registers these."""
        name = self.new_name()
        self._model(name)
        return name

    def register(
        self,
        model: str,
        version: str,
        *,
        uri: str,
        model_format: str = "",
        properties: Mapping[str, str | int | float | bool] | None = None,
    ) -> RegisteredVersion:
        """Register where a version of a model lies; the model is made with its first version.

        Raises ModelRegistryRefused (409) where there is this version already, and
        ConfigurationError for a value that registries do not keep, before anything is made.
        """
        # Before anything is made, which would stay: a registry deletes nothing.
        for what, text in (("model", model), ("version", version), ("uri", uri)):
            _check_text(what, text)
        custom = {name: _as_value(name, one) for name, one in (properties or {}).items()}
        model_id = self._model(model)
        asked = {"name": version, "registeredModelId": model_id}
        made = self.client.create(_VERSIONS, {**asked, "customProperties": custom})
        artifact = {"artifactType": _ARTIFACT, "name": f"{model}-{version}", "uri": uri}
        if model_format:
            artifact["modelFormatName"] = model_format
        self.client.create(f"{_VERSIONS}/{made['id']}/artifacts", artifact)
        return self.version(model, version)

    def version(self, model: str, version: str) -> RegisteredVersion:
        """One of a model, as it is now. Raises NotFound."""
        model_id = str(self.client.get("registered_model", name=model)["id"])
        found = self.client.get("model_version", name=version, parentResourceId=model_id)
        return self._read(model, found)

    def versions(self, model: str) -> list[RegisteredVersion]:
        """All of a model, the oldest first. Raises NotFound."""
        model_id = str(self.client.get("registered_model", name=model)["id"])
        found = list(self.client.pages(f"{_MODELS}/{model_id}/versions"))
        return [self._read(model, one) for one in sorted(found, key=lambda one: int(one["id"]))]

    def archive(self, model: str, version: str) -> RegisteredVersion:
        """Archive a version of a model that it made; returns it as it is then."""
        found = self.version(model, version)
        self.client.update(f"{_VERSIONS}/{found.id}", {"state": ARCHIVED})
        return self.version(model, version)

    def restore(self, model: str, version: str) -> RegisteredVersion:
        """Take a version back that was archived; returns it as it is then."""
        found = self.version(model, version)
        self.client.update(f"{_VERSIONS}/{found.id}", {"state": LIVE})
        return self.version(model, version)

    def newest(self, model: str) -> RegisteredVersion | None:
        """The newest version of a model that is not archived; None if there is none."""
        living = [one for one in self.versions(model) if one.state == LIVE]
        return living[-1] if living else None

    def close(self) -> None:
        """Archive the models that it made. The first error is raised at the end."""
        archived = {"state": ARCHIVED}
        in_turn(
            partial(self.client.update, f"{_MODELS}/{one}", archived) for one in self.made.values()
        )
        self.made.clear()

    def _model(self, name: str) -> str:
        try:
            return str(self.client.get("registered_model", name=name)["id"])
        except NotFound:
            made = self.client.create(_MODELS, {"name": name, "owner": "pytest-kubeflow"})
        self.made[name] = str(made["id"])
        MADE.add("registered model")
        return self.made[name]

    def _read(self, model: str, found: Mapping[str, Any]) -> RegisteredVersion:
        listed = self.client.pages(f"{_VERSIONS}/{found['id']}/artifacts")
        artifact = next((one for one in listed if one.get("artifactType") == _ARTIFACT), {})
        return RegisteredVersion(
            model=model,
            name=str(found["name"]),
            id=str(found["id"]),
            model_id=str(found["registeredModelId"]),
            state=str(found.get("state") or LIVE),
            uri=str(artifact.get("uri") or ""),
            format=str(artifact.get("modelFormatName") or ""),
            properties=_plain(found.get("customProperties") or {}),
        )


def _check_text(what: str, text: object) -> None:
    if not isinstance(text, str) or not text or _SURROGATE.search(text) or "\0" in text:
        raise ConfigurationError(f"{what}={text!r} of a model: it has to be a text, and not empty")


def _as_value(name: object, value: object) -> dict[str, Any]:
    _check_text("the name of a property", name)
    if isinstance(value, bool):
        return {"metadataType": "MetadataBoolValue", "bool_value": value}
    if isinstance(value, int) and -_INT32 <= value < _INT32:
        return {"metadataType": "MetadataIntValue", "int_value": str(value)}
    if isinstance(value, float) and math.isfinite(value):
        return {"metadataType": "MetadataDoubleValue", "double_value": value}
    if isinstance(value, str) and not _SURROGATE.search(value) and "\0" not in value:
        return {"metadataType": "MetadataStringValue", "string_value": value}
    raise ConfigurationError(
        f"property {name!r} of a model is {value!r:.80}: registries keep text, booleans, integers "
        "of 32 bits and finite floats; write anything else as text"
    )


def _plain(properties: Mapping[str, Mapping[str, Any]]) -> dict[str, str | int | float | bool]:
    readers: dict[str, Any] = {
        "bool_value": bool,
        "int_value": int,
        "double_value": float,
        "string_value": str,
    }
    return {
        name: reader(value[field])
        for name, value in properties.items()
        for field, reader in readers.items()
        if field in value
    }
