"""Who may use the kubelet's endpoints: its client's certificate or token, then its rights.

As a kubelet with `authentication.webhook` and `authorization.mode: Webhook`: tokens are reviewed by
the API server, and so is whether the client may do on this node what the request asks
(kubernetes/kubernetes pkg/kubelet/server/auth.go).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from pytest_kubeflow.local.httpd import PEER_CERTIFICATE
from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError, KubeClient
from pytest_kubeflow.local.kube.client import Object

_TOKEN_REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"  # noqa: S105 (a path)
_ACCESS_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch"}
_SUBRESOURCES = {"/stats": "stats", "/metrics": "metrics", "/logs": "log"}
_ALLOWED_SECONDS, _DENIED_SECONDS = 300.0, 30.0


@dataclass(frozen=True, slots=True)
class Caller:
    """The user of a request, with its groups."""

    user: str
    groups: tuple[str, ...]


class NodeGuard:
    """An ASGI application that lets through to `app` what the client may do on node `name`."""

    def __init__(self, app: ASGIApp, client: KubeClient, name: str) -> None:
        self._app = app
        self._client = client
        self._name = name
        self._known: dict[tuple[Caller, str, str], tuple[bool, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._refusal(scope)
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()  # websocket.connect
            if "websocket.http.response" in scope.get("extensions", {}):
                await send(
                    {
                        "type": "websocket.http.response.start",
                        "status": refusal.status_code,
                        "headers": refusal.raw_headers,
                    }
                )
                await send({"type": "websocket.http.response.body", "body": refusal.body})
            else:
                await WebSocketClose()(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    async def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        try:
            caller = await self._caller(scope)
            if caller is None:
                return PlainTextResponse("Unauthorized", 401)
            verb = _VERBS.get(scope.get("method", "GET"), "delete")
            subresource = _subresource(scope["path"])
            if await self._allowed(caller, verb, subresource):
                return None
        except (ApiError, ApiUnreachableError) as error:
            return PlainTextResponse(f"Authorization error: {error}", 500)
        rights = f"verb={verb}, resource=nodes, subresource={subresource}"
        return PlainTextResponse(f"Forbidden (user={caller.user}, {rights})", 403)

    async def _caller(self, scope: Scope) -> Caller | None:
        certificate = scope.get("state", {}).get(PEER_CERTIFICATE)
        if certificate is not None:
            subject = [pair for part in certificate["subject"] for pair in part]
            groups = tuple(value for key, value in subject if key == "organizationName")
            names = [value for key, value in subject if key == "commonName"]
            return Caller(names[0], (*groups, "system:authenticated")) if names else None
        scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return None
        review = await self._review(_TOKEN_REVIEWS, "TokenReview", {"token": token.strip()})
        status = review.get("status") or {}
        user = status.get("user") or {}
        if not status.get("authenticated") or not user.get("username"):
            return None
        return Caller(user["username"], tuple(user.get("groups") or ()))

    async def _allowed(self, caller: Caller, verb: str, subresource: str) -> bool:
        key = (caller, verb, subresource)
        known = self._known.get(key)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        attributes = {
            "verb": verb,
            "version": "v1",
            "resource": "nodes",
            "subresource": subresource,
            "name": self._name,
        }
        spec = {
            "user": caller.user,
            "groups": list(caller.groups),
            "resourceAttributes": attributes,
        }
        review = await self._review(_ACCESS_REVIEWS, "SubjectAccessReview", spec)
        allowed = bool((review.get("status") or {}).get("allowed"))
        lasting = _ALLOWED_SECONDS if allowed else _DENIED_SECONDS
        self._known = {k: v for k, v in self._known.items() if v[1] > time.monotonic()}
        self._known[key] = (allowed, time.monotonic() + lasting)
        return allowed

    async def _review(self, path: str, kind: str, spec: Object) -> Object:
        group = path.split("/")[2]
        body = {"apiVersion": f"{group}/v1", "kind": kind, "spec": spec}
        return await self._client.request("POST", path, body=body)


def _subresource(path: str) -> str:
    for prefix, subresource in _SUBRESOURCES.items():
        if path == prefix or path.startswith(f"{prefix}/"):
            return subresource
    return "proxy"
