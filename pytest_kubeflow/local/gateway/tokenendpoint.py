"""TokenEndpoint: what Dex has for programs: tokens for codes, who has them, and its keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway.issuer import CLIENT_ID, Issuer, Tokens, discovery
from pytest_kubeflow.local.gateway.pendinglogin import PendingLogin, keep

_GRANTS = frozenset({"authorization_code", "refresh_token"})
_CODE_SECONDS = 30 * 60


class OAuthError(Exception):
    """What /dex/token answers instead of tokens (RFC 6749, 5.2)."""

    def __init__(self, kind: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.kind = kind
        self.description = description
        self.status = status


class TokenEndpoint:
    """Knows one client, oauth2-proxy, by `client_secret`."""

    def __init__(self, issuer: Issuer, *, client_secret: str, faults: Faults) -> None:
        self._issuer = issuer
        self._client_secret = client_secret
        self._faults = faults
        self._codes: dict[str, PendingLogin] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/dex/token", self._token, methods=["GET", "POST", "PUT", "DELETE"]),
            Route("/dex/userinfo", self._userinfo),
            Route("/dex/keys", self._keys),
            Route("/dex/.well-known/openid-configuration", self._configuration),
        ]

    def keep(self, code: str, login: PendingLogin) -> None:
        """Give tokens for this code, for a while."""
        login.expires = time.time() + _CODE_SECONDS
        keep(self._codes, code, login)

    def redeem(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """The tokens for a code, once. Raises OAuthError."""
        if self._faults.active("dex-down"):
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
            if (kind := text_of(form, "grant_type")) not in _GRANTS:
                raise OAuthError("unsupported_grant_type", "")
            self._check_client(request, form)
            if kind == "refresh_token":
                raise OAuthError("invalid_request", _refusal_to_refresh(form))
            if not (code := text_of(form, "code")):
                raise OAuthError("invalid_request", "Required param: code.")
            tokens = self.redeem(
                code, text_of(form, "redirect_uri"), text_of(form, "code_verifier")
            )
        except OAuthError as error:
            found = {"error_description": error.description} if error.description else {}
            return JSONResponse({"error": error.kind, **found}, status_code=error.status)
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
            text_of(form, "client_id"),
            text_of(form, "client_secret"),
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


def _refusal_to_refresh(form: FormData) -> str:
    """Nobody has a refresh token: oauth2-proxy does not ask for one."""
    if text_of(form, "refresh_token"):
        return "Refresh token is invalid or has already been claimed by another client."
    return "No refresh token is found in request."


def _challenge(verifier: str, method: str) -> str:
    """What a code's challenge has to be, for this verifier (RFC 7636)."""
    if method != "S256" or not verifier:
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _basic(header: str) -> tuple[str, str] | None:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)


def text_of(form: FormData, name: str) -> str:
    """The text of a field; empty where there is none."""
    value: Any = form.get(name, "")
    return value if isinstance(value, str) else ""
