"""OpenAPI, as much as kubectl asks for: whether a kind takes `fieldValidation`. No schemas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, no_such_path
from pytest_kubeflow.local.apiserver.resources import ResourceType, ResourceTypes
from pytest_kubeflow.local.apiserver.responses.response import ApiResponse, document

# Asked for as `...v2@v1.0+protobuf`; since `@` has no place in a media type, answered as this.
_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string"}}
    for name in ("dryRun", "fieldManager", "fieldValidation", "force")
]


class OpenApi:
    """Documents below /openapi."""

    def __init__(self, registry: ResourceTypes, version: str) -> None:
        self._registry = registry
        self._info = {"title": "Kubernetes", "version": version}

    def answer(self, parts: Sequence[str], accept: str) -> ApiResponse | None:
        """The document at a path below /openapi; None: there is none. Raises StatusError 404."""
        match parts:
            case ["v2"] if "proto-openapi.spec.v2" in accept:
                return ApiResponse(200, self._empty(), _PROTOBUF)
            case ["v2"]:
                empty: Object = {"swagger": "2.0", "info": self._info, "paths": {}}
                return document(200, {**empty, "definitions": {}})
            case ["v3"]:
                links = {name: _link(name) for name in self._group_paths()}
                return document(200, {"paths": links})
            case ["v3", "api", version]:
                return document(200, self._group("", version))
            case ["v3", "apis", group, version]:
                return document(200, self._group(group, version))
        return None

    def _empty(self) -> bytes:
        """An openapi.v2.Document (gnostic's OpenAPIv2.proto) without paths.

        kubectl looks into it for kinds that it does not find elsewhere, and takes no other form.
        """
        info = _text(1, self._info["title"]) + _text(2, self._info["version"])
        return _text(1, "2.0") + _field(2, info)

    def _group_paths(self) -> list[str]:
        named = self._registry.groups().items()
        return ["api/v1", *(f"apis/{name}/{one}" for name, versions in named for one in versions)]

    def _group(self, group: str, version: str) -> Object:
        paths: dict[str, Any] = {}
        for kind in self._registry:
            if kind.group != group or version not in kind.versions or "patch" not in kind.verbs:
                continue
            root = f"/apis/{group}/{version}" if group else f"/api/{version}"
            scope = "/namespaces/{namespace}" if kind.namespaced else ""
            path = f"{root}{scope}/{kind.plural}/{{name}}"
            paths[path] = {"patch": _patch(kind, version)}
        if not paths:
            raise no_such_path()
        return {
            "openapi": "3.0.0",
            "info": self._info,
            "paths": paths,
            "components": {"schemas": {}},
        }


def _patch(kind: ResourceType, version: str) -> Object:
    return {
        "parameters": _PARAMETERS,
        "responses": {},
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {
            "group": kind.group,
            "version": version,
            "kind": kind.kind,
        },
    }


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited field of protobuf; lengths below 128 take one byte."""
    assert number < 16
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def _text(number: int, value: str) -> bytes:
    return _field(number, value.encode())


def _link(name: str) -> Object:
    return {"serverRelativeURL": f"/openapi/v3/{name}?hash=embedded"}
