"""Manifests of custom objects: as somebody wrote them, and as an object of ours."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.objects.custom_object import CustomKind


def where_from(manifest: object) -> str:
    """What messages call it."""
    return str(manifest) if isinstance(manifest, Path) else "the manifest"


def read_manifest(
    manifest: Mapping[str, Any] | str | Path, kind: CustomKind, *others: CustomKind
) -> dict[str, Any]:
    """An object of one of these kinds, from a dictionary, from YAML or from a file of it.

    Raises ConfigurationError for what is none.
    """
    where = where_from(manifest)
    found = _parsed(manifest, where, kind)
    kinds = (kind, *others)
    pair = (str(found.get("kind")), str(found.get("apiVersion")))
    if missing := [key for key in ("apiVersion", "kind") if not found.get(key)]:
        raise ConfigurationError(f"{where} is no {kind.name}: it has no {' and no '.join(missing)}")
    if pair not in {(one.name, one.api_version) for one in kinds}:
        valid = " or ".join(f"{one.name} of {one.api_version}" for one in kinds)
        raise ConfigurationError(f"{where} is a {pair[0]} of {pair[1]}, and no {valid}")
    for key in ("metadata", "spec"):
        if not isinstance(found.get(key, {}), Mapping):
            raise ConfigurationError(f"{where} has a {key} that is no mapping")
    for key in ("labels", "annotations"):
        if not isinstance((found.get("metadata") or {}).get(key) or {}, Mapping):
            raise ConfigurationError(f"{where} has metadata.{key} that are no mapping")
    return found


def as_ours(
    manifest: Mapping[str, Any], name: str, namespace: str, labels: Mapping[str, str]
) -> dict[str, Any]:
    """The same as an object of ours in our namespace: name, namespace and labels are changed."""
    made = copy.deepcopy(dict(manifest))
    metadata = dict(made.get("metadata") or {})
    metadata.pop("generateName", None)
    theirs = metadata.get("labels") or {}
    metadata |= {"name": name, "namespace": namespace, "labels": {**theirs, **labels}}
    made["metadata"] = metadata
    return made


def _parsed(
    manifest: Mapping[str, Any] | str | Path, where: str, kind: CustomKind
) -> dict[str, Any]:
    import yaml

    found: Any = manifest
    if isinstance(found, Path):
        try:
            found = found.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{where} cannot be read: {error}") from error
    if isinstance(found, str):
        try:
            documents = [one for one in yaml.safe_load_all(found) if one is not None]
        except yaml.YAMLError as error:
            message = " ".join(str(error).split())
            raise ConfigurationError(f"{where} is no YAML: {message}") from error
        if len(documents) > 1:
            raise ConfigurationError(
                f"{where} has {len(documents)} documents, and one object is wanted: give each by "
                "itself"
            )
        text, found = found, documents[0] if documents else None
        if (
            isinstance(found, str)
            and "\n" not in text
            and text.endswith((".yaml", ".yml", ".json"))
        ):
            raise ConfigurationError(
                f"{text!r} is a text, and would be the name of a file: write Path({text!r})"
            )
    if not isinstance(found, Mapping):
        raise ConfigurationError(f"{where} is no {kind.name} but a {type(found).__name__}")
    return dict(found)
