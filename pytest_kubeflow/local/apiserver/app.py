"""ApiApp: from an HTTP request to a verb on a target, and back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from starlette.types import Receive, Scope, Send

from pytest_kubeflow.local.apiserver.admission.webhooks import (
    AdmissionWebhooks,
    Attempt,
    operations,
)
from pytest_kubeflow.local.apiserver.auth.authn import Authenticator
from pytest_kubeflow.local.apiserver.auth.authz import (
    Attributes,
    Authorizer,
    impersonations,
    refusal,
)
from pytest_kubeflow.local.apiserver.auth.defaultroles import GROUP
from pytest_kubeflow.local.apiserver.auth.escalation import check_escalation
from pytest_kubeflow.local.apiserver.auth.reviews import Reviews
from pytest_kubeflow.local.apiserver.builtin import decode
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
)
from pytest_kubeflow.local.apiserver.handlers import Handlers
from pytest_kubeflow.local.apiserver.nodes.podlogs import PodLogs
from pytest_kubeflow.local.apiserver.nodes.podports import PodPorts, relay
from pytest_kubeflow.local.apiserver.pages import check_reached
from pytest_kubeflow.local.apiserver.requests.request import ApiRequest, read, read_upgrade
from pytest_kubeflow.local.apiserver.requests.routes import (
    attributes_of,
    target_of,
    unknown_resource,
    verb_of,
)
from pytest_kubeflow.local.apiserver.requests.writeoptions import WriteOptions
from pytest_kubeflow.local.apiserver.responses.representation import Represent, representation
from pytest_kubeflow.local.apiserver.responses.response import ApiResponse, document
from pytest_kubeflow.local.apiserver.strategies.jobs import ORPHANING
from pytest_kubeflow.local.apiserver.strategies.podstrategy import bind
from pytest_kubeflow.local.apiserver.targets import Target
from pytest_kubeflow.local.apiserver.times import timestamp
from pytest_kubeflow.local.apiserver.tokens import TokenIssuer, User, openid_configuration
from pytest_kubeflow.local.apiserver.watch import open_watch
from pytest_kubeflow.local.httpd import PEER_CERTIFICATE

_HEALTH = ("healthz", "livez", "readyz")
_ISSUER, _KEYS = "/.well-known/openid-configuration", "/openid/v1/jwks"
_UPGRADES = {"attach", "exec", "portforward"}
_OBJECTS = {"", "ephemeralcontainers", "finalize", "scale", "status"}


class ApiApp:
    """The ASGI application."""

    def __init__(
        self,
        handlers: Handlers,
        *,
        tokens: TokenIssuer,
        authenticator: Authenticator,
        authorizer: Authorizer,
        reviews: Reviews,
        logs: PodLogs,
        ports: PodPorts,
        webhooks: AdmissionWebhooks,
    ) -> None:
        self._handlers = handlers
        self._tokens = tokens
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._reviews = reviews
        self._logs = logs
        self._ports = ports
        self._webhooks = webhooks
        self._discovery = Discovery(handlers.registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._upgrade(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        try:
            request = await read(scope, receive)
            answer = await self._answer(request, self._user(request, _certificate(scope)))
        except StatusError as error:
            answer = document(error.code, error.to_object())
        await answer.send(receive, send)

    async def _upgrade(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Open a websocket, or refuse it: only pods are reached by one."""
        try:
            request = read_upgrade(scope)
            user = self._user(request, _certificate(scope))
            target = target_of(self._handlers.registry, request.path)
            if target is None or target.subresource not in _UPGRADES:
                raise no_such_path()
            # As a GET it needs `get`. Since 1.35 it needs `create` too, as the same by POST always
            # did (feature gate AuthorizePodWebsocketUpgradeCreatePermission).
            for verb in (verb_of(request, target), "create"):
                self._authorize(user, attributes_of(verb, target))
            pod = self._handlers.get(target)
            kubelet = await self._ports.open(pod, target.subresource, scope)
        except StatusError as error:
            await document(error.code, error.to_object()).refuse(send)
            return
        await relay(kubelet, receive, send)

    def _user(self, request: ApiRequest, certificate: dict[str, object] | None) -> User:
        """Who asks; or, with `Impersonate-User`, who they ask as. Raises StatusError 401, 403."""
        user = self._authenticator.user(request.headers.get("authorization", ""), certificate)
        other = request.headers.get("impersonate-user")
        if other is None:
            if request.groups:
                # To go on with the user's own rights would be more than was asked for.
                why = f"requested {list(request.groups)} without impersonating a user"
                raise StatusError(500, "InternalError", f"Internal error occurred: {why}")
            return user
        for what in impersonations(other, request.groups):
            self._authorize(user, what)
        return User.of(other, request.groups)

    async def _answer(self, request: ApiRequest, user: User) -> ApiResponse:
        try:
            target = target_of(self._handlers.registry, request.path)
        except StatusError:
            # What there is not is told to those alone who might have it.
            if (unknown := unknown_resource(request)) is not None:
                self._authorize(user, unknown)
            raise
        if target is not None:
            return await self._on_target(request, user, target)
        path = request.path
        self._authorize(user, Attributes(request.method.lower(), path=path))
        if request.method not in {"GET", "HEAD"}:
            raise method_not_allowed()
        if path.split("/")[1] in _HEALTH:
            return ApiResponse(200, b"ok", "text/plain; charset=utf-8")
        if path == _ISSUER:
            return document(200, openid_configuration())
        if path == _KEYS:
            return document(200, self._tokens.jwks(), content_type="application/jwk-set+json")
        found = self._discovery.answer(path, request.accept)
        if found is None:
            raise no_such_path()
        return found

    async def _on_target(self, request: ApiRequest, user: User, target: Target) -> ApiResponse:
        verb = verb_of(request, target)
        kind = target.kind
        self._authorize(user, attributes_of(verb, target))
        if kind.verbs == ("create",):
            asked = target.read(request.document())
            review = self._reviews.answer(kind.kind, asked, user, target.namespace)
            return document(201, target.shown(review))
        if target.subresource not in _OBJECTS:
            return await self._subresource(request, target)
        if verb in {"get", "list", "watch"}:
            return self._read(verb, request, target)
        return await self._admitted(verb, request, user, target)

    async def _admitted(
        self, verb: str, request: ApiRequest, user: User, target: Target
    ) -> ApiResponse:
        """Write what webhooks leave of it, if any of them wants to be asked."""
        deleting = verb in {"delete", "deletecollection"}
        options = WriteOptions(dry_run=request.dry_run) if deleting else request.write_options(verb)
        there = (
            bool(target.name) and self._handlers.store.get(target.kind.type, target.key) is not None
        )
        self._check_escalation(verb, request, user, target, there, options)
        for operation in operations(verb):
            attempt = Attempt(operation, target, user, options.dry_run)
            if (operation == "UPDATE" and not there) or not self._webhooks.concern(attempt):
                continue
            if operation == "CREATE" and there:
                continue
            old = self._handlers.get(target) if there else None
            deletes = operation == "DELETE"
            new = None if deletes else self._candidate(verb, request, target, there, options)
            check = None if there else partial(self._handlers.check, target, options=options)
            mutated = await self._webhooks.admit(attempt, new, old, check)
            if mutated is not None and mutated != new:
                return self._write_mutated(operation, request, target, mutated, options)
        return self._write(verb, request, target, options)

    def _check_escalation(
        self,
        verb: str,
        request: ApiRequest,
        user: User,
        target: Target,
        there: bool,
        options: WriteOptions,
    ) -> None:
        if target.kind.group != GROUP or verb in {"delete", "deletecollection"}:
            return
        if there or verb in {"create", "patch"}:
            new = self._candidate(verb, request, target, there, options)
            old = self._handlers.get(target) if there else None
            check_escalation(self._authorizer, user, target, new, old)

    def _candidate(
        self, verb: str, request: ApiRequest, target: Target, there: bool, options: WriteOptions
    ) -> Object:
        """What would be stored; of new objects, what would be looked at then."""
        if verb == "create":
            return self._handlers.proposal(target, request.document(), options)
        if verb == "patch" and not there:
            return self._handlers.applied(target, request.body, options)
        dry = replace(options, dry_run=True)
        if verb == "update":
            return self._handlers.update(target, request.document(), dry)
        patched, _ = self._handlers.patch(target, request.content_type, request.body, dry)
        return patched

    def _write_mutated(
        self,
        operation: str,
        request: ApiRequest,
        target: Target,
        mutated: Object,
        options: WriteOptions,
    ) -> ApiResponse:
        represent = representation(request, target)
        if operation == "CREATE":
            made = self._handlers.create(target, mutated, options)
            return self._written(201, target, made, represent, options)
        updated = self._handlers.update(target, mutated, options)
        return self._written(200, target, updated, represent, options)

    def _read(self, verb: str, request: ApiRequest, target: Target) -> ApiResponse:
        represent = representation(request, target)
        if verb == "watch":
            return ApiResponse(
                200, open_watch(self._handlers.store, target, request.query, represent)
            )
        if verb == "list":
            return document(200, represent(self._handlers.list(target, request.query)))
        check_reached(request.query, self._handlers.store.revision)
        return document(200, represent(self._handlers.get(target)))

    def _write(
        self, verb: str, request: ApiRequest, target: Target, options: WriteOptions
    ) -> ApiResponse:
        handlers = self._handlers
        represent = representation(request, target)
        if verb in {"delete", "deletecollection"}:
            return self._delete(verb, request, target)
        if verb == "create":
            made = handlers.create(target, request.document(), options)
            return self._written(201, target, made, represent, options)
        if verb == "update":
            updated = handlers.update(target, request.document(), options)
            return self._written(200, target, updated, represent, options)
        patched, created = handlers.patch(target, request.content_type, request.body, options)
        return self._written(201 if created else 200, target, patched, represent, options)

    def _written(
        self,
        code: int,
        target: Target,
        obj: Object,
        represent: Represent,
        options: WriteOptions,
    ) -> ApiResponse:
        # Of pods only new ones are looked at: what a pod asks of its node cannot be changed.
        asked = not target.subresource and (code == 201 or target.kind.plural != "pods")
        warnings = self._handlers.admission.warnings(target.kind, obj) if asked else ()
        return document(code, represent(obj), warnings=(*options.warnings, *warnings))

    def _delete(self, verb: str, request: ApiRequest, target: Target) -> ApiResponse:
        handlers, kind = self._handlers, target.kind
        options = DeleteOptions.parse(request.document(), request.query)
        silent = kind.type == ("batch", "jobs") and options.propagation is None
        warnings = (ORPHANING,) if silent else ()
        if verb == "deletecollection":
            listed = handlers.delete_collection(target, request.query, options)
            return document(200, listed, warnings=warnings)
        gone = handlers.delete(target, options)
        if handlers.store.get(kind.type, target.key) is not None or kind.plural == "pods":
            return document(200, gone, warnings=warnings)
        details = {"name": target.name, "kind": kind.plural, "uid": gone["metadata"]["uid"]}
        if kind.group:
            details["group"] = kind.group
        return document(200, success(details=details))

    async def _subresource(self, request: ApiRequest, target: Target) -> ApiResponse:
        handlers = self._handlers
        match target.subresource, request.method:
            case "log", "GET":
                return await self._logs.open(handlers.get(target), request.query)
            case "binding", "POST":
                node = decode(request.document(), "v1", "Binding")
                node = (node.get("target") or {}).get("name")
                if not node:
                    raise StatusError(500, "", "target.name: Required value")
                handlers.replace_stored(target, lambda pod: bind(pod, node, timestamp()))
                return document(201, success())
            case "eviction", "POST":
                body = decode(request.document(), "policy/v1", "Eviction")
                body = body.get("deleteOptions") or {}
                handlers.delete(target, DeleteOptions.parse(body, request.query))
                return document(201, success())
            case (("portforward" | "exec" | "attach"), _):
                # What is wrong with it whatever the protocol: clients show the last refusal.
                self._ports.check(handlers.get(target), target.subresource, request.query)
                # SPDY, which kubectl speaks there, is not.
                raise bad_request("Upgrade request required")
            case "token", "POST":
                asked = decode(request.document(), "authentication.k8s.io/v1", "TokenRequest")
                review = self._reviews.token_request(target.namespace, target.name, asked)
                return document(201, review)
        raise method_not_allowed()

    def _authorize(self, user: User, what: Attributes) -> None:
        if self._authorizer.allows(user, what):
            return
        why = refusal(user, what)
        if what.path:
            raise StatusError(403, "Forbidden", f"forbidden: {why}", details={})
        raise forbidden(what.group, what.resource.partition("/")[0], what.name, why)


def _certificate(scope: Scope) -> dict[str, object] | None:
    found: dict[str, object] | None = scope.get("state", {}).get(PEER_CERTIFICATE)
    return found
