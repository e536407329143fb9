"""Discovery: which groups, versions and resources there are; and enough OpenAPI for kubectl."""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, no_such_path
from pytest_kubeflow.local.apiserver.resources import Registry, ResourceType

VERSION: Object = {
    "major": "1",
    "minor": "33",
    "gitVersion": "v1.33.0+embedded",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}


class Discovery:
    """Documents about the kinds in a registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def answer(self, path: str) -> Object | None:
        """The document at a discovery or OpenAPI path; None: it is not one."""
        parts = path.strip("/").split("/")
        match parts:
            case ["version"]:
                return VERSION
            case ["api"]:
                return {"kind": "APIVersions", "versions": ["v1"]}
            case ["apis"]:
                groups = self._registry.groups()
                listed = [_group(name, versions) for name, versions in groups.items()]
                return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
            case ["api", "v1"]:
                return self._resources("", "v1")
            case ["apis", group]:
                versions = self._registry.groups().get(group)
                if versions is None:
                    raise no_such_path()
                return {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)}
            case ["apis", group, version]:
                return self._resources(group, version)
            case ["openapi", "v2"]:
                info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
                return {"swagger": "2.0", "info": info, "paths": {}, "definitions": {}}
            case ["openapi", "v3"]:
                return {"paths": {name: _openapi_link(name) for name in self._group_paths()}}
            case ["openapi", "v3", "api", "v1"]:
                return self._openapi("", "v1")
            case ["openapi", "v3", "apis", group, version]:
                return self._openapi(group, version)
        return None

    def _group_paths(self) -> list[str]:
        named = self._registry.groups().items()
        return ["api/v1", *(f"apis/{name}/{one}" for name, versions in named for one in versions)]

    def _resources(self, group: str, version: str) -> Object:
        kinds = [one for one in self._registry if one.group == group and version in one.versions]
        if not kinds:
            raise no_such_path()
        listed: list[Object] = []
        for kind in sorted(kinds, key=lambda one: one.plural):
            listed.append(_resource(kind))
            listed += [_subresource(kind, one) for one in kind.subresources]
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": f"{group}/{version}" if group else version,
            "resources": listed,
        }

    def _openapi(self, group: str, version: str) -> Object:
        """Paths of PATCH with `fieldValidation`, which kubectl looks for before it applies."""
        paths: dict[str, Any] = {}
        for kind in self._registry:
            if kind.group != group or version not in kind.versions or "patch" not in kind.verbs:
                continue
            root = f"/apis/{group}/{version}" if group else "/api/v1"
            scope = "/namespaces/{namespace}" if kind.namespaced else ""
            parameters = [
                {"name": name, "in": "query", "schema": {"type": "string"}}
                for name in ("dryRun", "fieldManager", "fieldValidation", "force")
            ]
            paths[f"{root}{scope}/{kind.plural}/{{name}}"] = {
                "patch": {
                    "parameters": parameters,
                    "responses": {},
                    "x-kubernetes-action": "patch",
                    "x-kubernetes-group-version-kind": {
                        "group": group,
                        "version": version,
                        "kind": kind.kind,
                    },
                }
            }
        if not paths:
            raise no_such_path()
        info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
        return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}


def _group(name: str, versions: list[str]) -> Object:
    listed = [{"groupVersion": f"{name}/{one}", "version": one} for one in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resource(kind: ResourceType) -> Object:
    resource: Object = {
        "name": kind.plural,
        "singularName": kind.singular or kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        resource["shortNames"] = list(kind.short_names)
    if kind.categories:
        resource["categories"] = list(kind.categories)
    return resource


_SUBRESOURCES: dict[str, tuple[str, list[str]]] = {
    "binding": ("Binding", ["create"]),
    "eviction": ("Eviction", ["create"]),
    "finalize": ("Namespace", ["update"]),
    "log": ("Pod", ["get"]),
    "scale": ("Scale", ["get", "patch", "update"]),
    "token": ("TokenRequest", ["create"]),
}


def _subresource(kind: ResourceType, name: str) -> Object:
    shown, verbs = _SUBRESOURCES.get(name, (kind.kind, ["get", "patch", "update"]))
    resource: Object = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": shown,
        "verbs": verbs,
    }
    if name == "token":
        resource |= {"group": "authentication.k8s.io", "version": "v1"}
    if name == "eviction":
        resource |= {"group": "policy", "version": "v1"}
    if name == "scale":
        resource |= {"group": "autoscaling", "version": "v1"}
    return resource


def _openapi_link(name: str) -> Object:
    return {"serverRelativeURL": f"/openapi/v3/{name}?hash=embedded"}
