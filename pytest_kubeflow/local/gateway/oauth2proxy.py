"""oauth2-proxy as the gateway asks it: has this browser a session, and if not, what to answer.

Configuration: common/oauth2-proxy/base/oauth2_proxy.cfg in community-distribution; behaviour:
oauth2-proxy v7 oauthproxy.go.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import (
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route

from pytest_kubeflow.local.gateway import pages
from pytest_kubeflow.local.gateway.dex import CALLBACK, Dex, OAuthError
from pytest_kubeflow.local.gateway.issuer import CLIENT_ID
from pytest_kubeflow.local.gateway.sessions import CookieBox

_API_PATHS = re.compile(r"/api/|/apis/|^/ml_metadata")
_ELSEWHERE = re.compile(r"[/\\](?:\s*|\.{1,2})[/\\]")
"""Paths that browsers take for another host (pkg/app/redirect/validator.go)."""

_NO_CSRF = "Login Failed: Unable to find a valid CSRF token. Please try again."
_FAILED = "Oops! Something went wrong. For more information contact your server administrator."
_NO_CACHE = {
    "Cache-Control": "no-cache, no-store, must-revalidate, max-age=0",
    "Expires": "Thu, 01 Jan 1970 00:00:00 UTC",
}


class OAuth2Proxy:
    """Sessions are logins at `dex`, kept in `cookies`.

    Without `sign_in_page`, who has no session is sent to Dex at once (`skip_provider_button`).
    """

    def __init__(self, dex: Dex, cookies: CookieBox, *, sign_in_page: bool) -> None:
        self._dex = dex
        self._cookies = cookies
        self._sign_in_page = sign_in_page

    def routes(self) -> list[Route]:
        return [
            Route("/oauth2/sign_in", self._sign_in),
            Route("/oauth2/start", self._start),
            Route("/oauth2/callback", self._callback),
            Route("/oauth2/sign_out", self._sign_out),
            Route("/oauth2/auth", self._auth),
            Route("/oauth2/userinfo", self._userinfo),
        ]

    def id_token(self, request: Request) -> str | None:
        """The ID token of the request's session; None: it has no session, or an old one."""
        session = self._session(request)
        return None if session is None else str(session["id_token"])

    def _session(self, request: Request) -> dict[str, Any] | None:
        session = self._cookies.load(request.cookies)
        return None if session is None or session["expires"] <= time.time() else session

    def refuse(self, request: Request) -> Response:
        """The answer to a request without a session."""
        background = _API_PATHS.search(request.url.path) is not None
        if background or "application/json" in _accepted(request):
            return JSONResponse({}, status_code=401)
        return self._no_session(request)

    def _no_session(self, request: Request) -> Response:
        if not self._sign_in_page:
            return self._begin(_wanted(request))
        response = pages.sign_in(_wanted(request))
        response.headers.update(_NO_CACHE)
        self._cookies.clear(response, request.cookies)
        return response

    async def _sign_in(self, request: Request) -> Response:
        response = self._no_session(request)
        if self._sign_in_page:
            response.status_code = 200
        return response

    async def _start(self, request: Request) -> Response:
        return self._begin(_wanted(request))

    def _begin(self, back: str) -> Response:
        verifier = secrets.token_urlsafe(72)
        state, nonce = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        query = {
            "client_id": CLIENT_ID,
            "code_challenge": _digest(verifier),
            "code_challenge_method": "S256",
            "nonce": _digest(nonce),
            "prompt": "none",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "profile email groups openid",
            "state": f"{_digest(state)}:{back}",
        }
        response = RedirectResponse(f"/dex/auth?{urlencode(query)}", 302, headers=_NO_CACHE)
        self._cookies.save_csrf(response, {"state": state, "nonce": nonce, "verifier": verifier})
        return response

    async def _callback(self, request: Request) -> Response:
        query = request.query_params
        if said := query.get("error"):
            told = f"Login Failed: The upstream identity provider returned an error: {said}"
            return pages.proxy_error(told, 403)
        state, colon, back = query.get("state", "").partition(":")
        if not colon:
            return pages.proxy_error("invalid length", 500)
        csrf = self._cookies.load_csrf(request.cookies)
        if csrf is None:
            return pages.proxy_error(_NO_CSRF, 403)
        try:
            tokens = self._dex.redeem(query.get("code", ""), CALLBACK, csrf["verifier"])
        except OAuthError:
            return pages.proxy_error(_FAILED, 500)  # the reason is in its log alone
        if hmac.compare_digest(_digest(csrf["state"]).encode(), state.encode()):
            response: Response = RedirectResponse(back if _is_here(back) else "/", 302)
            self._cookies.save(
                response,
                {
                    "id_token": tokens.id_token,
                    "access_token": tokens.access_token,
                    "expires": tokens.expires,
                    "user": tokens.person.subject,
                    "email": tokens.person.email,
                    "groups": tokens.person.groups,
                },
            )
        else:
            response = pages.proxy_error(_NO_CSRF, 403)
        self._cookies.clear_csrf(response)
        return response

    async def _sign_out(self, request: Request) -> Response:
        response = RedirectResponse(_wanted(request), 302)
        self._cookies.clear(response, request.cookies)
        return response

    async def _auth(self, request: Request) -> Response:
        if self._session(request) is None:
            return PlainTextResponse("Unauthorized\n", 401)
        return Response(status_code=202)

    async def _userinfo(self, request: Request) -> Response:
        session = self._session(request)
        if session is None:
            return PlainTextResponse("Unauthorized\n", 401)
        told = {key: session[key] for key in ("user", "email", "groups") if session[key]}
        return JSONResponse(told)


def _accepted(request: Request) -> list[str]:
    values = request.headers.getlist("accept")
    return [kind.strip() for value in values for kind in value.split(",")]


def _wanted(request: Request) -> str:
    """Where the login is to lead: `rd`, or the page that was asked for."""
    rd = request.query_params.get("rd", "")
    if rd:
        return rd if _is_here(rd) else "/"
    if request.url.path.startswith("/oauth2/"):
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _is_here(target: str) -> bool:
    return target.startswith("/") and _ELSEWHERE.search(target) is None


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
