"""Routes: which target and verb a request names."""

from __future__ import annotations

from pytest_kubeflow.local.apiserver.authz import Attributes
from pytest_kubeflow.local.apiserver.errors import method_not_allowed, no_such_path
from pytest_kubeflow.local.apiserver.requests import Request
from pytest_kubeflow.local.apiserver.resources import Registry
from pytest_kubeflow.local.apiserver.subresources import subresource
from pytest_kubeflow.local.apiserver.targets import Target


def target_of(registry: Registry, path: str) -> Target | None:
    """The resource that a path names; None for paths above resources. Raises StatusError 404."""
    parts = path.strip("/").split("/")
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


def verb_of(request: Request, target: Target) -> str:
    """The verb, as authorization knows it. Raises StatusError 405."""
    verb, part = "", target.subresource
    match request.method:
        case "GET" if request.watches and not part:
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
