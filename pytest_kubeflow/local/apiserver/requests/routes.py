"""Routes: which target and verb a request names."""

from __future__ import annotations

from pytest_kubeflow.local.apiserver.auth.authz import Attributes
from pytest_kubeflow.local.apiserver.errors import method_not_allowed, no_such_path
from pytest_kubeflow.local.apiserver.requests.request import ApiRequest
from pytest_kubeflow.local.apiserver.requests.subresources import subresource
from pytest_kubeflow.local.apiserver.resources import ResourceTypes
from pytest_kubeflow.local.apiserver.targets import Target


def watched(path: str) -> bool:
    """Whether it is one of the old paths of watches, `/api/v1/watch/pods`."""
    parts = path.strip("/").split("/")
    at = {"api": 2, "apis": 3}.get(parts[0], len(parts))
    return parts[at : at + 1] == ["watch"] and len(parts) > at + 1


def target_of(registry: ResourceTypes, path: str) -> Target | None:
    """The resource that a path names; None for paths above resources. Raises StatusError 404."""
    parts = path.strip("/").split("/")
    if watched(path):
        del parts[2 if parts[0] == "api" else 3]
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in {"status", "finalize"}:
        namespace, rest = rest[1], rest[2:]
    kind = registry.find(group, version, rest[0])
    part = rest[2] if len(rest) > 2 else ""
    if (
        kind is None
        or len(rest) > 3
        or (namespace and not kind.namespaced)
        or (part and part not in kind.subresources)
    ):
        raise no_such_path()
    if kind.namespaced and not namespace and len(rest) > 1:
        raise no_such_path()
    return Target(kind, version, namespace, rest[1] if len(rest) > 1 else "", part)


_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def unknown_resource(request: ApiRequest) -> Attributes | None:
    """What authorization is asked about a resource that is not served, None above resources."""
    parts = request.path.strip("/").split("/")
    above = {"api": 2, "apis": 3}.get(parts[0])
    if above is None or len(parts) <= above:
        return None
    group, rest, namespace = (parts[1] if above == 3 else ""), parts[above:], ""
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    name = rest[1] if len(rest) > 1 else ""
    verb = _VERBS.get(request.method, request.method.lower())
    if not name:
        verb = {"get": "list", "delete": "deletecollection"}.get(verb, verb)
    resource = "/".join([rest[0], *rest[2:3]])
    return Attributes(verb, group, resource, namespace, name)


def verb_of(request: ApiRequest, target: Target) -> str:
    """The verb, as authorization knows it. Raises StatusError 405."""
    verb, part = "", target.subresource
    match request.method:
        case "GET" if (request.watches or watched(request.path)) and not part:
            verb = "watch"
        case "GET":
            verb = "get" if target.name else "list"
        case "POST" if part or not target.name:
            verb = "create"
        case "PUT" if target.name:
            verb = "update"
        case "PATCH" if target.name:
            verb = "patch"
        case "DELETE":
            verb = "delete" if target.name else "deletecollection"
    across = target.kind.namespaced and not target.namespace  # all namespaces are read, not written
    if across and verb not in {"list", "watch"}:
        raise method_not_allowed()
    if verb not in (subresource(part).verbs if part else target.kind.verbs):
        raise method_not_allowed()
    return verb


def attributes_of(verb: str, target: Target) -> Attributes:
    """What authorization is asked. A request for one namespace counts as made inside it."""
    kind = target.kind
    resource = f"{kind.plural}/{target.subresource}" if target.subresource else kind.plural
    namespace = target.namespace
    if kind.type == ("", "namespaces"):
        namespace = target.name
    return Attributes(verb, kind.group, resource, namespace, target.name)
