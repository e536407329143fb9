"""Dex as people see it: connectors, password form, approval, and the way back with a code.

Routes, statuses and messages: dexidp/dex, server/handlers.go and server/oauth2.go, laid side by
side with v2.45.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote, urlencode, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway import pages
from pytest_kubeflow.local.gateway.connectors import Connector
from pytest_kubeflow.local.gateway.issuer import CLIENT_ID, Issuer, Tokens
from pytest_kubeflow.local.gateway.pendinglogin import PendingLogin, keep
from pytest_kubeflow.local.gateway.tokenendpoint import TokenEndpoint, text_of

CALLBACK = "/oauth2/callback"
CLIENT_NAME = "Dex Login Application"
FOREIGN_IDP = "https://sign-in.company.example/oauth2/v2.0/authorize"
"""Where Dex sends people whose users another company has."""

_SCOPES = frozenset({"openid", "email", "groups", "profile", "offline_access"})


class Dex:
    """One client, oauth2-proxy, which knows `client_secret`; users are those of `connectors`."""

    def __init__(
        self,
        issuer: Issuer,
        connectors: Sequence[Connector],
        *,
        client_secret: str,
        approval: bool,
        faults: Faults,
    ) -> None:
        self._connectors = {one.name: one for one in connectors}
        self._tokens = TokenEndpoint(issuer, client_secret=client_secret, faults=faults)
        self._approval = approval
        self._faults = faults
        self._logins: dict[str, PendingLogin] = {}

    def routes(self) -> list[Route]:
        both = ["GET", "POST"]
        return [
            Route("/dex/auth", self._choose, methods=both),
            Route("/dex/auth/{connector}", self._begin, methods=both),
            Route("/dex/auth/{connector}/login", self._password, methods=both),
            Route("/dex/approval", self._approve, methods=both),
            Route("/dex/callback", self._no_login, methods=both),
            Route("/dex/callback/{connector}", self._no_login, methods=both),
            *self._tokens.routes(),
            Route("/dex/healthz", self._health),
            Route("/dex/{rest:path}", self._nothing, methods=both),
        ]

    def is_down(self) -> bool:
        """Whether nothing of it answers."""
        return self._faults.active("dex-down")

    async def _choose(self, request: Request) -> Response:
        query = dict(request.query_params)
        wanted = query.pop("connector_id", "")
        if wanted and wanted not in self._connectors:
            message = "Connector ID does not match a valid Connector"
            return pages.dex_error(message, 400)
        ways = [wanted] if wanted else list(self._connectors)
        asked = urlencode(sorted(query.items()))
        urls = {way: f"/dex/auth/{_segment(way)}?{asked}" for way in ways}
        if len(urls) == 1:
            return pages.redirect(next(iter(urls.values())))
        return pages.connector_choice(
            (self._connectors[way].title, url) for way, url in urls.items()
        )

    async def _begin(self, request: Request) -> Response:
        query, connector = request.query_params, unquote(request.path_params["connector"])
        if query.get("client_id") != CLIENT_ID:
            return pages.dex_error("Invalid client_id.", 404)
        redirect_uri = query.get("redirect_uri", "")
        # Ours is relative (staticClients in the example installation's config.yaml).
        if redirect_uri != CALLBACK:
            return pages.dex_error("Unregistered redirect_uri.", 400)
        scopes = tuple(query.get("scope", "").split())
        problem = _problem(scopes, query)
        if problem is not None:
            answer = {"error": problem[0], "error_description": problem[1]}
            parameters = urlencode({**answer, "state": query.get("state", "")})
            return pages.redirect(f"{redirect_uri}?{parameters}", 303)
        if connector not in self._connectors:
            return pages.dex_error("Connector failed to initialize", 400)
        if self._faults.active("foreign-idp"):
            parameters = urlencode({"client_id": "kubeflow", "state": secrets.token_hex(13)})
            return pages.redirect(f"{FOREIGN_IDP}?{parameters}")
        login = PendingLogin(
            redirect_uri,
            query.get("state", ""),
            query.get("nonce", ""),
            scopes,
            query.get("code_challenge", ""),
            query.get("code_challenge_method", "plain"),
            connector,
        )
        keep(self._logins, login.name, login)
        back = f"/dex/auth?{request.url.query}" if len(self._connectors) > 1 else ""
        parameters = urlencode({"back": back, "state": login.name})
        return pages.redirect(f"/dex/auth/{_segment(connector)}/login?{parameters}")

    async def _password(self, request: Request) -> Response:
        state = request.query_params.get("state", "")
        if not state:
            return pages.dex_error("User session error.", 400)
        login = self._logins.get(state)
        if login is None or login.connector != unquote(request.path_params["connector"]):
            return pages.dex_error("Requested resource does not exist.", 400)
        connector = self._connectors[login.connector]
        action = f"/dex/auth/{_segment(login.connector)}/login?{request.url.query}"
        back = _back_link(request.query_params.get("back", ""))
        if request.method == "GET":
            return pages.password_form(action, connector.prompt, back=back)
        form = await request.form()
        name = text_of(form, "login")
        login.person = connector.login(
            name, text_of(form, "password"), any_password=self._faults.active("any-password")
        )
        if login.person is None:
            return pages.password_form(
                action, connector.prompt, back=back, login=name, invalid=True
            )
        if not self._approval:
            return self._send_code(login)
        parameters = urlencode({"req": login.name, "hmac": login.mac})
        return pages.redirect(f"/dex/approval?{parameters}", 303)

    async def _approve(self, request: Request) -> Response:
        form = await request.form() if request.method == "POST" else FormData()
        asked = {
            key: request.query_params.get(key) or text_of(form, key) for key in ("req", "hmac")
        }
        if not _is_encoded(asked["hmac"]):
            return pages.dex_error("Unauthorized request", 401)
        login = self._logins.get(asked["req"])
        if login is None:
            return pages.dex_error("Database error.", 500)
        if login.person is None:
            return pages.dex_error("Login process not yet finalized.", 500)
        if not hmac.compare_digest(login.mac.encode(), asked["hmac"].encode()):
            return pages.dex_error("Unauthorized request", 401)
        if request.method == "GET":
            return pages.approval(login.name, CLIENT_NAME, login.scopes)
        if text_of(form, "approval") != "approve":
            return pages.dex_error("Approval rejected.", 500)
        return self._send_code(login)

    def _send_code(self, login: PendingLogin) -> Response:
        if self._logins.pop(login.name, None) is None:
            return pages.dex_error("User session error.", 400)
        if time.time() > login.expires:
            return pages.dex_error("User session has expired.", 400)
        code = secrets.token_hex(13)
        self._tokens.keep(code, login)
        parameters = urlencode({"code": code, "state": login.state})
        return pages.redirect(f"{login.redirect_uri}?{parameters}", 303)

    def redeem(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """The tokens for a code, once. Raises OAuthError."""
        return self._tokens.redeem(code, redirect_uri, verifier)

    async def _no_login(self, _request: Request) -> Response:
        """The way back from other identity providers, which nobody has been sent to."""
        return pages.dex_error("User session error.", 400)

    async def _nothing(self, _request: Request) -> Response:
        return PlainTextResponse("404 page not found\n", 404)

    async def _health(self, _request: Request) -> Response:
        return PlainTextResponse("Health check passed")


def _problem(scopes: Sequence[str], query: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a request, as error and description that go back to the client."""
    response_type = query.get("response_type", "")
    if query.get("code_challenge_method", "plain") not in {"plain", "S256"}:
        method = json.dumps(query["code_challenge_method"])
        return "invalid_request", f"Unsupported PKCE challenge method ({method})."
    if "openid" not in scopes:
        return "invalid_scope", 'Missing required scope(s) ["openid"].'
    if unknown := [one for one in scopes if one not in _SCOPES]:
        return "invalid_scope", f"Unrecognized scope(s) {json.dumps(unknown)}"
    if not response_type:
        return "invalid_request", "No response_type provided"
    if response_type != "code":
        return "unsupported_response_type", f'Unsupported response type "{response_type}"'
    return None


def _is_encoded(mac: str) -> bool:
    """Whether it could be one at all."""
    try:
        return bool(base64.urlsafe_b64decode(mac + "=" * (-len(mac) % 4)))
    except (binascii.Error, ValueError):
        return False


def _segment(connector: str) -> str:
    """A connector's id in a path: escaped, and once more with the path."""
    return quote(quote(connector, safe=""), safe="")


def _back_link(back: str) -> str:
    """Only a path of this host is shown as the way back."""
    try:
        url = urlsplit(back)
    except ValueError:
        return ""
    rooted = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if rooted and not url.scheme and not url.netloc else ""
