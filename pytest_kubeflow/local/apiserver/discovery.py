"""Discovery: which groups, versions and resources there are.

Two forms: one document per group version (k8s.io/apimachinery metav1), and all in one for clients
that accept it (KEP-3352, apidiscovery.k8s.io).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object, no_such_path
from pytest_kubeflow.local.apiserver.openapi import OpenApi
from pytest_kubeflow.local.apiserver.requests.subresources import Subresource, subresources
from pytest_kubeflow.local.apiserver.resources import ResourceType, ResourceTypes
from pytest_kubeflow.local.apiserver.responses.response import ApiResponse, document

VERSION: Object = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.4+embedded",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "linux/amd64",
}
_AGGREGATED = "APIGroupDiscoveryList"


class Discovery:
    """Documents about the kinds in a registry."""

    def __init__(self, registry: ResourceTypes) -> None:
        self._registry = registry
        self._openapi = OpenApi(registry, VERSION["gitVersion"])

    def answer(self, path: str, accept: str = "") -> ApiResponse | None:
        """The document at a discovery or OpenAPI path; None: it is not one. Raises StatusError."""
        parts = path.strip("/").split("/")
        match parts:
            case ["version"]:
                return document(200, VERSION)
            case ["api"] | ["apis"]:
                version = _aggregated_version(accept)
                return self._aggregated(parts[0], version) if version else self._groups(parts[0])
            case ["api", version]:
                return document(200, self._resources("", version))
            case ["apis", group]:
                versions = self._registry.groups().get(group)
                if versions is None:
                    raise no_such_path()
                about = {"kind": "APIGroup", "apiVersion": "v1", **_group(group, versions)}
                return document(200, about)
            case ["apis", group, version]:
                return document(200, self._resources(group, version))
            case ["openapi", *rest]:
                return self._openapi.answer(rest, accept)
        return None

    def _groups(self, root: str) -> ApiResponse:
        if root == "api":
            return document(200, {"kind": "APIVersions", "versions": ["v1"]})
        listed = [_group(name, versions) for name, versions in self._registry.groups().items()]
        return document(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed})

    def _kinds(self, group: str, version: str) -> list[ResourceType]:
        kinds = [one for one in self._registry if one.group == group and version in one.versions]
        return sorted(kinds, key=lambda one: one.plural)

    def _resources(self, group: str, version: str) -> Object:
        kinds = self._kinds(group, version)
        if not kinds:
            raise no_such_path()
        return {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": kinds[0].api_version(version),
            "resources": [one for kind in kinds for one in _listed(kind)],
        }

    def _aggregated(self, root: str, version: str) -> ApiResponse:
        groups = {"": ["v1"]} if root == "api" else self._registry.groups()
        items = [
            {
                "metadata": {"name": group} if group else {},
                "versions": [
                    {
                        "version": one,
                        "resources": [_aggregate(kind, one) for kind in self._kinds(group, one)],
                        "freshness": "Current",
                    }
                    for one in versions
                ],
            }
            for group, versions in groups.items()
        ]
        found = {
            "kind": _AGGREGATED,
            "apiVersion": f"apidiscovery.k8s.io/{version}",
            "metadata": {},
            "items": items,
        }
        content_type = f"application/json;g=apidiscovery.k8s.io;v={version};as={_AGGREGATED}"
        return document(200, found, content_type=content_type)


def _aggregated_version(accept: str) -> str:
    """The first version of the aggregated form that a client accepts; empty: none."""
    for option in accept.split(","):
        if f"as={_AGGREGATED}" in option and (found := re.search(r";v=(v2|v2beta1)\b", option)):
            return found[1]
    return ""


def _group(name: str, versions: list[str]) -> Object:
    listed = [{"groupVersion": f"{name}/{one}", "version": one} for one in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _listed(kind: ResourceType) -> Iterator[Object]:
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
    yield resource
    for name, one in subresources(kind).items():
        sub: Object = {
            "name": f"{kind.plural}/{name}",
            "singularName": "",
            "namespaced": kind.namespaced,
            "kind": one.kind or kind.kind,
            "verbs": list(one.verbs),
        }
        if one.group:
            sub |= {"group": one.group, "version": one.version}
        yield sub


def _aggregate(kind: ResourceType, version: str) -> Object:
    def shown(one: Subresource) -> Object:
        if one.kind:
            return {"group": one.group, "version": one.version, "kind": one.kind}
        return {"group": kind.group, "version": version, "kind": kind.kind}

    resource: Object = {
        "resource": kind.plural,
        "responseKind": {"group": kind.group, "version": version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular or kind.kind.lower(),
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        resource["shortNames"] = list(kind.short_names)
    if kind.categories:
        resource["categories"] = list(kind.categories)
    if kind.subresources:
        resource["subresources"] = [
            {"subresource": name, "responseKind": shown(one), "verbs": list(one.verbs)}
            for name, one in subresources(kind).items()
        ]
    return resource
