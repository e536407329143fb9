"""Dex and oauth2-proxy as a client sees them: redirects, the login form, the session cookie."""

from __future__ import annotations

import hmac
import html
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pytest_kubeflow.local.gateway.identity import DEX_CLIENT_ID, Sessions

COOKIE = "oauth2_proxy_kubeflow"
CONNECTOR = "local"
_MOST_PENDING = 1000

_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title></head><body>{body}</body></html>"""

_FORM = """<h2 class="theme-heading">Log in to Your Account</h2>
<form method="post" action="{action}">
<label for="login">Email Address</label><input id="login" name="login" type="text" required/>
<label for="password">Password</label>
<input id="password" name="password" type="password" required/>
{error}<button id="submit-login" type="submit">Login</button>
</form>"""

_WRONG = '<div id="login-error" class="dex-error-box">Invalid Email Address and password.</div>'

_SIGN_IN = """<form method="GET" action="/oauth2/start">
<input type="hidden" name="rd" value="{rd}"><button type="submit">Sign in with Dex</button>
</form>"""


class Dex:
    """The login flow of users with passwords (Dex's local connector) and its session cookies."""

    def __init__(self, sessions: Sessions, passwords: Mapping[str, str]) -> None:
        self._sessions = sessions
        self._passwords = passwords
        # Both are short-lived and one-time: an authorization request's return path, a code's user.
        self._requests: dict[str, tuple[str, str]] = {}
        self._codes: dict[str, str] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/oauth2/start", self._start),
            Route("/oauth2/callback", self._callback),
            Route("/oauth2/sign_out", self._sign_out),
            Route("/dex/auth", self._choose),
            Route("/dex/auth/{connector}", self._connector),
            Route("/dex/auth/{connector}/login", self._login, methods=["GET", "POST"]),
            Route("/dex/keys", self._keys),
            Route("/dex/.well-known/openid-configuration", self._configuration),
        ]

    @staticmethod
    def sign_in(path: str) -> Response:
        """What oauth2-proxy answers to a browser without a session: 403 with a sign-in page."""
        body = _SIGN_IN.format(rd=html.escape(path, quote=True))
        return HTMLResponse(_PAGE.format(title="Sign In", body=body), status_code=403)

    async def _start(self, request: Request) -> Response:
        back = _local_path(request.query_params.get("rd", "/"))
        query = urlencode(
            {
                "client_id": DEX_CLIENT_ID,
                "redirect_uri": "/oauth2/callback",
                "response_type": "code",
                "scope": "profile email groups openid",
                "state": f"{secrets.token_urlsafe(16)}:{back}",
            }
        )
        return RedirectResponse(f"/dex/auth?{query}", status_code=302)

    async def _choose(self, request: Request) -> Response:
        # With one connector Dex does not ask which.
        return RedirectResponse(f"/dex/auth/{CONNECTOR}?{request.url.query}", status_code=302)

    async def _connector(self, request: Request) -> Response:
        connector = request.path_params["connector"]
        if connector != CONNECTOR:
            return _bad_request("Requested resource does not exist.", 404)
        if request.query_params.get("client_id") != DEX_CLIENT_ID:
            return _bad_request("Invalid client_id.", 404)
        state = secrets.token_urlsafe(12)
        if len(self._requests) >= _MOST_PENDING:
            self._requests.pop(next(iter(self._requests)))
        self._requests[state] = (
            request.query_params.get("redirect_uri", "/oauth2/callback"),
            request.query_params.get("state", ""),
        )
        query = urlencode({"back": "", "state": state})
        return RedirectResponse(f"/dex/auth/{connector}/login?{query}", status_code=302)

    async def _login(self, request: Request) -> Response:
        state = request.query_params.get("state", "")
        pending = self._requests.get(state)
        if pending is None:
            return _bad_request("User session error.", 400)
        action = html.escape(f"{request.url.path}?{request.url.query}", quote=True)
        if request.method == "GET":
            return _form(action)
        form = {key: values[0] for key, values in parse_qs((await request.body()).decode()).items()}
        email, password = form.get("login", ""), form.get("password", "")
        known = self._passwords.get(email)
        if known is None or not hmac.compare_digest(known.encode(), password.encode()):
            return _form(action, _WRONG)
        del self._requests[state]
        code = secrets.token_urlsafe(16)
        self._codes[code] = email
        callback = f"{_local_path(pending[0])}?{urlencode({'code': code, 'state': pending[1]})}"
        return RedirectResponse(callback, status_code=303)

    async def _callback(self, request: Request) -> Response:
        email = self._codes.pop(request.query_params.get("code", ""), None)
        if email is None:
            return _bad_request("Login Failed: Unable to find a valid CSRF token.", 403)
        back = _local_path(request.query_params.get("state", "").partition(":")[2] or "/")
        response = RedirectResponse(back, status_code=302)
        response.set_cookie(
            COOKIE,
            self._sessions.issue(email),
            max_age=self._sessions.lifetime,
            httponly=True,
            samesite="lax",
        )
        return response

    async def _sign_out(self, _request: Request) -> Response:
        response = RedirectResponse("/", status_code=302)
        response.delete_cookie(COOKIE)
        return response

    async def _keys(self, _request: Request) -> Response:
        return JSONResponse(self._sessions.jwks())

    async def _configuration(self, _request: Request) -> Response:
        issuer = self._sessions.issuer
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/auth",
                "jwks_uri": f"{issuer}/keys",
                "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        )


def _form(action: str, error: str = "") -> Response:
    return HTMLResponse(_PAGE.format(title="dex", body=_FORM.format(action=action, error=error)))


def _bad_request(message: str, status: int) -> Response:
    body = f"<h2>Error</h2><p>{html.escape(message)}</p>"
    return HTMLResponse(_PAGE.format(title="dex", body=body), status_code=status)


def _local_path(target: str) -> str:
    """Only paths of this host are followed back, never another site."""
    return target if target.startswith("/") and not target.startswith("//") else "/"
