"""ApiApp: from an HTTP request to a verb on a target, and back."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import yaml
from starlette.types import Receive, Scope, Send

from pytest_kubeflow.local.apiserver.authn import Authenticator
from pytest_kubeflow.local.apiserver.authz import Attributes, Authorizer, refusal
from pytest_kubeflow.local.apiserver.deletion import DeleteOptions
from pytest_kubeflow.local.apiserver.discovery import Discovery
from pytest_kubeflow.local.apiserver.errors import (
    Object,
    StatusError,
    bad_request,
    forbidden,
    method_not_allowed,
    no_such_path,
    success,
    unauthorized,
)
from pytest_kubeflow.local.apiserver.handlers import Handlers, Target, timestamp
from pytest_kubeflow.local.apiserver.podlogs import PodLogs
from pytest_kubeflow.local.apiserver.protobuf import CONTENT_TYPE as PROTOBUF
from pytest_kubeflow.local.apiserver.protobuf import decode as decode_protobuf
from pytest_kubeflow.local.apiserver.reviews import Reviews
from pytest_kubeflow.local.apiserver.strategies import bind
from pytest_kubeflow.local.apiserver.tables import table
from pytest_kubeflow.local.apiserver.tokens import (
    ANONYMOUS,
    TokenIssuer,
    User,
    openid_configuration,
)
from pytest_kubeflow.local.apiserver.watch import watch

log = logging.getLogger(__name__)

_HEALTH = ("/healthz", "/livez", "/readyz")
_TRUE = {"true", "1"}


@dataclass(frozen=True, slots=True)
class Request:
    """What an HTTP request says, read once."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    user: User

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def dry_run(self) -> bool:
        return self.query.get("dryRun") == "All"

    def document(self) -> Any:
        """The body as an object; an empty one is an empty object. Raises StatusError 400."""
        if not self.body:
            return {}
        if self.content_type == PROTOBUF:
            return decode_protobuf(self.body)
        try:
            if self.content_type in {"application/yaml", "text/yaml"}:
                return yaml.safe_load(self.body)
            return json.loads(self.body)
        except (ValueError, yaml.YAMLError) as error:
            raise bad_request(f"couldn't get version/kind; json parse error: {error}") from None


Answer = tuple[int, Object] | AsyncIterator[bytes]


class ApiApp:
    """The ASGI application."""

    def __init__(
        self,
        handlers: Handlers,
        *,
        tokens: TokenIssuer,
        authorizer: Authorizer,
        reviews: Reviews,
        logs: PodLogs,
    ) -> None:
        self._handlers = handlers
        self._tokens = tokens
        self._authenticator = Authenticator(tokens)
        self._authorizer = authorizer
        self._reviews = reviews
        self._logs = logs
        self._discovery = Discovery(handlers.registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            request = await self._read(scope, receive)
            answer = await self._answer(request)
        except StatusError as error:
            answer = (error.code, error.to_object())
        if isinstance(answer, tuple):
            await _send_json(send, *answer)
        else:
            plain = scope["path"].endswith("/log")
            await _send_stream(receive, send, answer, "text/plain" if plain else "application/json")

    async def _read(self, scope: Scope, receive: Receive) -> Request:
        headers = {key.decode().lower(): value.decode("latin-1") for key, value in scope["headers"]}
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        user = self._authenticator.user(headers)
        return Request(scope["method"], scope["path"], query, headers, body, user)

    async def _answer(self, request: Request) -> Answer:
        path = request.path.rstrip("/") or "/"
        if path.startswith(_HEALTH):
            return _text("ok")
        if path in {"/.well-known/openid-configuration", "/openid/v1/jwks"}:
            known = "openid-configuration" in path
            return 200, openid_configuration() if known else self._tokens.jwks()
        parts = [unquote(part) for part in path.strip("/").split("/")]
        target = self._target(parts)
        if target is None:
            self._authorize(request, Attributes(request.method.lower(), path=path))
            document = self._discovery.answer(path)
            if document is None:
                raise no_such_path()
            return 200, document
        return await self._on_target(request, target)

    def _target(self, parts: list[str]) -> Target | None:
        """The resource that a path names; None for paths above resources."""
        if parts[0] == "api" and len(parts) > 2:
            group, version, rest = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return None
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in {"status", "finalize"}:
            namespace, rest = rest[1], rest[2:]
        kind = self._handlers.registry.find(group, version, rest[0])
        subresource = rest[2] if len(rest) > 2 else ""
        if (
            kind is None
            or len(rest) > 3
            or (namespace and not kind.namespaced)
            or (subresource and subresource not in kind.subresources)
        ):
            raise no_such_path()
        return Target(kind, version, namespace, rest[1] if len(rest) > 1 else "", subresource)

    async def _on_target(self, request: Request, target: Target) -> Answer:
        verb = _verb(request, target)
        kind = target.kind
        if not target.subresource and verb not in kind.verbs:
            raise method_not_allowed()
        resource = f"{kind.plural}/{target.subresource}" if target.subresource else kind.plural
        what = Attributes(verb, kind.group, resource, target.namespace, target.name)
        self._authorize(request, what)
        if kind.namespaced and not target.namespace and (target.name or verb == "create"):
            raise no_such_path()
        if kind.verbs == ("create",):
            review = self._reviews.answer(
                kind.kind, request.document(), request.user, target.namespace
            )
            version = kind.api_version(target.version)
            return 201, {**review, "kind": kind.kind, "apiVersion": version}
        if target.subresource not in {"", "status", "finalize", "scale"}:
            return await self._subresource(request, target)
        if verb in {"get", "list", "watch"}:
            return self._read_verb(verb, request, target)
        return self._write_verb(verb, request, target)

    def _read_verb(self, verb: str, request: Request, target: Target) -> Answer:
        represent = _representation(request.headers.get("accept", ""), target)
        if verb == "watch":
            return watch(self._handlers, target, request.query, represent)
        if verb == "list":
            return 200, represent(self._handlers.list(target, request.query))
        return 200, represent(self._handlers.get(target))

    def _write_verb(self, verb: str, request: Request, target: Target) -> Answer:
        handlers = self._handlers
        if verb == "create":
            return 201, handlers.create(target, request.document(), dry_run=request.dry_run)
        if verb == "update":
            return 200, handlers.update(target, request.document(), dry_run=request.dry_run)
        if verb == "patch":
            patched, created = handlers.patch(
                target, request.content_type, request.body, request.query, dry_run=request.dry_run
            )
            return (201 if created else 200), patched
        options = DeleteOptions.parse(request.document(), request.query)
        if verb == "deletecollection":
            return 200, handlers.delete_collection(target, request.query, options)
        gone = handlers.delete(target, options, dry_run=request.dry_run)
        if (
            handlers.store.get(target.kind.type, target.key) is not None
            or target.kind.plural == "pods"
        ):
            return 200, gone
        details = {"name": target.name, "kind": target.kind.plural, "uid": gone["metadata"]["uid"]}
        if target.kind.group:
            details["group"] = target.kind.group
        return 200, success(details=details)

    async def _subresource(self, request: Request, target: Target) -> Answer:
        match target.subresource, request.method:
            case "log", "GET":
                return await self._logs.open(self._handlers.get(target), request.query)
            case "binding", "POST":
                node = (request.document().get("target") or {}).get("name")
                if not node:
                    raise bad_request("the binding names no node")
                self._handlers.replace_stored(target, lambda pod: bind(pod, node, timestamp()))
                return 201, success()
            case "eviction", "POST":
                options = DeleteOptions.parse(
                    request.document().get("deleteOptions") or {}, request.query
                )
                self._handlers.delete(target, options)
                return 201, success()
            case "token", "POST":
                review = self._reviews.token_request(
                    target.namespace, target.name, request.document()
                )
                return 201, review
        raise method_not_allowed()

    def _authorize(self, request: Request, what: Attributes) -> None:
        if self._authorizer.allows(request.user, what):
            return
        if request.user is ANONYMOUS and not what.path:
            raise unauthorized()
        why = refusal(request.user, what)
        if what.path:
            raise StatusError(403, "Forbidden", f"forbidden: {why}", details={})
        raise forbidden(what.group, what.resource.partition("/")[0], what.name, why)


def _verb(request: Request, target: Target) -> str:
    match request.method:
        case "GET":
            if request.query.get("watch", "").lower() in _TRUE:
                return "watch"
            return "get" if target.name else "list"
        case "POST" if not target.name or target.subresource:
            return "create"
        case "PUT" if target.name:
            return "update"
        case "PATCH" if target.name:
            return "patch"
        case "DELETE":
            return "delete" if target.name else "deletecollection"
    raise method_not_allowed()


def _representation(accept: str, target: Target) -> Callable[[Object], Object]:
    """How objects and lists are shown: as they are, as tables, or as metadata only."""
    for option in accept.split(","):
        if "as=Table" in option:
            return lambda obj: _as_table(obj, target)
        if "as=PartialObjectMetadata" in option:
            return _metadata_only
        if option.strip().startswith(("application/json", "*/*")):
            break
    return lambda obj: obj


def _as_table(obj: Object, target: Target) -> Object:
    if "items" in obj:
        return table(target.kind, target.version, obj["items"], obj["metadata"])
    metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
    return table(target.kind, target.version, [obj], metadata)


def _metadata_only(obj: Object) -> Object:
    kind = "PartialObjectMetadata"
    if "items" in obj:
        items = [_metadata_only(one) for one in obj["items"]]
        kind += "List"
        return {
            "kind": kind,
            "apiVersion": "meta.k8s.io/v1",
            "metadata": obj["metadata"],
            "items": items,
        }
    return {"kind": kind, "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


async def _text(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def _send_json(send: Send, code: int, document: Object) -> None:
    body = json.dumps(document, separators=(",", ":")).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": code, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_stream(
    receive: Receive, send: Send, chunks: AsyncIterator[bytes], content_type: str
) -> None:
    """Send chunks as they come, and stop when the client hangs up."""
    headers = [(b"content-type", content_type.encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": True})

    async def copy() -> None:
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def hang_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    copying, hanging = asyncio.create_task(copy()), asyncio.create_task(hang_up())
    try:
        await asyncio.wait({copying, hanging}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (copying, hanging):
            task.cancel()
        await asyncio.gather(copying, hanging, return_exceptions=True)
