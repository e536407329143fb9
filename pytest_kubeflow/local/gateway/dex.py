"""Dex as a client sees it: connectors, password form, approval, codes, tokens, public keys.

Routes, statuses and messages: dexidp/dex, server/handlers.go and server/oauth2.go, laid side by
side with v2.45.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway import pages
from pytest_kubeflow.local.gateway.connectors import Connector, Person
from pytest_kubeflow.local.gateway.issuer import CLIENT_ID, Issuer, Tokens, discovery

CALLBACK = "/oauth2/callback"
CLIENT_NAME = "Dex Login Application"
FOREIGN_IDP = "https://sign-in.company.example/oauth2/v2.0/authorize"
"""Where Dex sends people whose users another company has."""

_GRANTS = frozenset({"authorization_code", "refresh_token"})
_SCOPES = frozenset({"openid", "email", "groups", "profile", "offline_access"})
_MOST_PENDING = 1000
_REQUEST_SECONDS = 24 * 3600
_CODE_SECONDS = 30 * 60


class OAuthError(Exception):
    """What /dex/token answers instead of tokens (RFC 6749, 5.2)."""

    def __init__(self, kind: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.kind = kind
        self.description = description
        self.status = status


@dataclass(slots=True)
class _Login:
    """A login under way. The MAC shows that who approves it has given the password."""

    redirect_uri: str
    state: str
    nonce: str
    scopes: tuple[str, ...]
    challenge: str
    method: str
    connector: str
    person: Person | None = None
    name: str = field(default_factory=lambda: secrets.token_hex(13))
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    expires: float = field(default_factory=lambda: time.time() + _REQUEST_SECONDS)

    @property
    def mac(self) -> str:
        digest = hmac.new(self.key, self.name.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


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
        self._issuer = issuer
        self._connectors = {one.name: one for one in connectors}
        self._client_secret = client_secret
        self._approval = approval
        self._faults = faults
        self._logins: dict[str, _Login] = {}
        self._codes: dict[str, _Login] = {}

    def routes(self) -> list[Route]:
        both = ["GET", "POST"]
        return [
            Route("/dex/auth", self._choose, methods=both),
            Route("/dex/auth/{connector}", self._begin, methods=both),
            Route("/dex/auth/{connector}/login", self._password, methods=both),
            Route("/dex/approval", self._approve, methods=both),
            Route("/dex/callback", self._no_login, methods=both),
            Route("/dex/callback/{connector}", self._no_login, methods=both),
            Route("/dex/token", self._token, methods=[*both, "PUT", "DELETE"]),
            Route("/dex/userinfo", self._userinfo),
            Route("/dex/keys", self._keys),
            Route("/dex/.well-known/openid-configuration", self._configuration),
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
        login = _Login(
            redirect_uri,
            query.get("state", ""),
            query.get("nonce", ""),
            scopes,
            query.get("code_challenge", ""),
            query.get("code_challenge_method", "plain"),
            connector,
        )
        _keep(self._logins, login.name, login)
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
        name = _text(form, "login")
        login.person = connector.login(
            name, _text(form, "password"), any_password=self._faults.active("any-password")
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
        asked = {key: request.query_params.get(key) or _text(form, key) for key in ("req", "hmac")}
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
        if _text(form, "approval") != "approve":
            return pages.dex_error("Approval rejected.", 500)
        return self._send_code(login)

    def _send_code(self, login: _Login) -> Response:
        if self._logins.pop(login.name, None) is None:
            return pages.dex_error("User session error.", 400)
        if time.time() > login.expires:
            return pages.dex_error("User session has expired.", 400)
        code = secrets.token_hex(13)
        login.expires = time.time() + _CODE_SECONDS
        _keep(self._codes, code, login)
        parameters = urlencode({"code": code, "state": login.state})
        return pages.redirect(f"{login.redirect_uri}?{parameters}", 303)

    async def _no_login(self, _request: Request) -> Response:
        """The way back from other identity providers, which nobody has been sent to."""
        return pages.dex_error("User session error.", 400)

    async def _nothing(self, _request: Request) -> Response:
        return PlainTextResponse("404 page not found\n", 404)

    def redeem(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """The tokens for a code, once. Raises OAuthError."""
        if self.is_down():
            raise OAuthError("server_error", "connection refused", 503)
        login = self._codes.pop(code, None)
        if login is None or login.person is None or time.time() > login.expires:
            raise OAuthError("invalid_grant", "Invalid or expired code parameter.")
        if login.challenge != _challenge(verifier, login.method):
            raise OAuthError("invalid_grant", "Invalid code_verifier.")
        if login.redirect_uri != redirect_uri:
            raise OAuthError(
                "invalid_request", "redirect_uri did not match URI from initial request."
            )
        return self._issuer.issue(login.person, scopes=login.scopes, nonce=login.nonce)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        try:
            if request.method != "POST":
                raise OAuthError("invalid_request", "method not allowed")
            if (kind := _text(form, "grant_type")) not in _GRANTS:
                raise OAuthError("unsupported_grant_type", "")
            self._check_client(request, form)
            if kind == "refresh_token":
                raise OAuthError("invalid_request", _refusal_to_refresh(form))
            if not (code := _text(form, "code")):
                raise OAuthError("invalid_request", "Required param: code.")
            tokens = self.redeem(code, _text(form, "redirect_uri"), _text(form, "code_verifier"))
        except OAuthError as error:
            told = {"error_description": error.description} if error.description else {}
            return JSONResponse({"error": error.kind, **told}, status_code=error.status)
        return JSONResponse(
            {
                "access_token": tokens.access_token,
                "token_type": "bearer",
                "expires_in": int(tokens.expires - time.time()),
                "id_token": tokens.id_token,
            },
            headers={"Cache-Control": "no-store", "Pragma": "no-cache"},
        )

    def _check_client(self, request: Request, form: FormData) -> None:
        name, secret = _basic(request.headers.get("authorization", "")) or (
            _text(form, "client_id"),
            _text(form, "client_secret"),
        )
        right = hmac.compare_digest(secret.encode(), self._client_secret.encode())
        if name != CLIENT_ID or not right:
            raise OAuthError("invalid_client", "Invalid client credentials.", 401)

    async def _userinfo(self, request: Request) -> Response:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self._issuer.claims(token) if kind.lower() == "bearer" else None
        if claims is not None:
            return JSONResponse(claims)
        status = 403 if kind.lower() == "bearer" else 401
        body = {"error": "access_denied", "error_description": "Invalid bearer token."}
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return JSONResponse(body, status_code=status, headers=headers)

    async def _keys(self, _request: Request) -> Response:
        headers = {"Cache-Control": "max-age=600, must-revalidate"}
        return JSONResponse(self._issuer.jwks(), headers=headers)

    async def _configuration(self, _request: Request) -> Response:
        return JSONResponse(discovery())

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


def _refusal_to_refresh(form: FormData) -> str:
    """Nobody has a refresh token: oauth2-proxy does not ask for one."""
    if _text(form, "refresh_token"):
        return "Refresh token is invalid or has already been claimed by another client."
    return "No refresh token is found in request."


def _is_encoded(mac: str) -> bool:
    """Whether it could be one at all."""
    try:
        return bool(base64.urlsafe_b64decode(mac + "=" * (-len(mac) % 4)))
    except (binascii.Error, ValueError):
        return False


def _challenge(verifier: str, method: str) -> str:
    """What a code's challenge has to be, for this verifier (RFC 7636)."""
    if method != "S256" or not verifier:
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _segment(connector: str) -> str:
    """A connector's id in a path: escaped, and once more with the path."""
    return quote(quote(connector, safe=""), safe="")


def _keep(where: dict[str, _Login], name: str, login: _Login) -> None:
    if len(where) >= _MOST_PENDING:
        where.pop(next(iter(where)))
    where[name] = login


def _back_link(back: str) -> str:
    """Only a path of this host is shown as the way back."""
    try:
        url = urlsplit(back)
    except ValueError:
        return ""
    rooted = back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()
    return back if rooted and not url.scheme and not url.netloc else ""


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)


def _text(form: FormData, name: str) -> str:
    value: Any = form.get(name, "")
    return value if isinstance(value, str) else ""
