"""oauth2-proxy as the gateway asks it: has this browser a session, and if not, what to answer.

Configuration: common/oauth2-proxy/base/oauth2_proxy.cfg in community-distribution; behaviour:
oauth2-proxy v7 oauthproxy.go, laid side by side with v7.15.
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
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.gateway import pages
from pytest_kubeflow.local.gateway.dex import CALLBACK, Dex
from pytest_kubeflow.local.gateway.issuer import CLIENT_ID
from pytest_kubeflow.local.gateway.sessions import CookieBox
from pytest_kubeflow.local.gateway.tokenendpoint import OAuthError
from pytest_kubeflow.local.settings import GatewaySettings

_API_PATHS = re.compile(r"/api/|/apis/|^/ml_metadata")
_UNASKED = frozenset({"/ping", "/ready", "/robots.txt"})
"""Paths that it answers itself, to everybody."""

_ELSEWHERE = re.compile(r"[/\\](?:\s*|\.{1,2})[/\\]")
"""Paths that browsers take for another host (pkg/app/redirect/validator.go)."""

_NO_CSRF = "Login Failed: Unable to find a valid CSRF token. Please try again."
_FAILED = "Oops! Something went wrong. For more information contact your server administrator."
_NO_CACHE = {
    "Cache-Control": "no-cache, no-store, must-revalidate, max-age=0",
    "Expires": "Thu, 01 Jan 1970 00:00:00 UTC",
}


class OAuth2Proxy:
    """Sessions are logins at `dex`, kept in `cookies`."""

    def __init__(
        self, dex: Dex, cookies: CookieBox, *, settings: GatewaySettings, faults: Faults
    ) -> None:
        self._dex = dex
        self._cookies = cookies
        self._settings = settings
        self._faults = faults

    def routes(self) -> list[Route]:
        every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        named = {
            "sign_in": self._sign_in,
            "start": self._start,
            "callback": self._callback,
            "sign_out": self._sign_out,
            "auth": self._auth,
            "userinfo": self._userinfo,
            "{rest:path}": self._other,
        }
        return [Route(f"/oauth2/{path}", do, methods=every) for path, do in named.items()]

    def id_token(self, request: Request) -> str | None:
        """The ID token of the request's session; None: it has no session, or an old one."""
        session = self._session(request)
        return None if session is None else str(session["id_token"])

    def _session(self, request: Request) -> dict[str, Any] | None:
        if self._faults.active("session-not-kept"):
            return None
        session = self._cookies.load(request.cookies)
        return None if session is None or session["expires"] <= time.time() else session

    def refuse(self, request: Request) -> Response:
        """The answer to a request without a session, as it comes through the gateway.

        That passes on no header but the cookies, so it does not matter what a client accepts.
        """
        path = request.url.path
        if path in _UNASKED:
            # It is let through here, and has no token for Istio.
            return PlainTextResponse("RBAC: access denied", status_code=403)
        background = self._settings.api_routes and _API_PATHS.search(path) is not None
        return self._refusal(request, background=background)

    def _refusal(self, request: Request, *, background: bool) -> Response:
        if background:
            response: Response = JSONResponse({}, status_code=401)
        elif self._settings.sign_in_page:
            response = self._page(request, 403)
        else:
            response = self._begin(_wanted(request))
        self._cookies.clear_stale(response, request.cookies)
        return response

    def _page(self, request: Request, status: int) -> Response:
        response = pages.sign_in(_wanted(request), status)
        self._cookies.clear(response, request.cookies)
        return response

    async def _other(self, request: Request) -> Response:
        """Whatever else lies below /oauth2/: it stands before nothing but itself."""
        if self._session(request) is not None:
            return _uncached(PlainTextResponse("Authenticated"))
        accepted = ",".join(request.headers.getlist("accept"))
        background = "application/json" in map(str.strip, accepted.split(","))
        return _uncached(self._refusal(request, background=background))

    async def _sign_in(self, request: Request) -> Response:
        if not self._settings.sign_in_page:
            return self._begin(_wanted(request))
        return _uncached(self._page(request, 200))

    async def _start(self, request: Request) -> Response:
        return self._begin(_wanted(request))

    def _begin(self, back: str) -> Response:
        verifier = secrets.token_urlsafe(72)
        state = secrets.token_urlsafe(32)
        query = {
            "client_id": CLIENT_ID,
            "code_challenge": _digest(verifier),
            "code_challenge_method": "S256",
            "prompt": "none",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "profile email groups openid",
            "state": f"{_digest(state)}:{back}",
        }
        response = _uncached(pages.redirect(f"/dex/auth?{urlencode(query)}"))
        self._cookies.save_csrf(response, {"state": state, "verifier": verifier})
        return response

    async def _callback(self, request: Request) -> Response:
        return _uncached(self._redeemed(request))

    def _redeemed(self, request: Request) -> Response:
        query = request.query_params
        if said := query.get("error"):
            message = f"Login Failed: The upstream identity provider returned an error: {said}"
            return pages.proxy_error(message, 403)
        state, colon, back = query.get("state", "").partition(":")
        if not colon:
            return pages.proxy_error(_FAILED, 500)
        csrf = self._cookies.load_csrf(request.cookies)
        if csrf is None:
            return pages.proxy_error(_NO_CSRF, 403)
        try:
            tokens = self._dex.redeem(query.get("code", ""), CALLBACK, csrf["verifier"])
        except OAuthError:
            return pages.proxy_error(_FAILED, 500)  # the reason is in its log alone
        if hmac.compare_digest(_digest(csrf["state"]).encode(), state.encode()):
            response: Response = pages.redirect(back if _is_here(back) else "/")
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
        response = _uncached(pages.redirect(_wanted(request)))
        self._cookies.clear(response, request.cookies)
        return response

    async def _auth(self, request: Request) -> Response:
        if self._session(request) is None:
            return self._unauthorized(request)
        return Response(status_code=202)

    async def _userinfo(self, request: Request) -> Response:
        session = self._session(request)
        if session is None:
            return _uncached(self._unauthorized(request))
        found = {key: session[key] for key in ("user", "email", "groups") if session[key]}
        return _uncached(JSONResponse(found))

    def _unauthorized(self, request: Request) -> Response:
        response = PlainTextResponse("Unauthorized\n", 401)
        self._cookies.clear_stale(response, request.cookies)
        return response


def _uncached(response: Response) -> Response:
    """With the headers that all below /oauth2/ has but /oauth2/auth."""
    response.headers.update(_NO_CACHE)
    return response


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
