"""Pages that people see while they log in, as plain HTML with the names that clients go by."""

from __future__ import annotations

import html
import uuid
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote

from starlette.responses import HTMLResponse

_PAGE = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{title}</title></head><body>{body}</body></html>"""

_SIGN_IN = """<form method="GET" action="/oauth2/start">
<input type="hidden" name="rd" value="{rd}">
<button type="submit">Sign in with Dex</button>
</form>"""

_PROXY_ERROR = """<div class="status-code">{status}</div><h1>{phrase}</h1>
<div><p>More Info</p><div>{message}</div><div>Request ID: {request}</div></div>
<form method="GET" action="/"><button type="submit">Go back</button></form>
<form method="GET" action="/oauth2/sign_in"><input type="hidden" name="rd" value="/">
<button type="submit">Sign in</button></form>"""

_LOGIN = """<h2 class="theme-heading">Log in to Your Account</h2>
<form method="post" action="{action}">
<label for="login">{prompt}</label>
<input required id="login" name="login" type="text" value="{login}"/>
<label for="password">Password</label>
<input required id="password" name="password" type="password"/>
{error}<button id="submit-login" type="submit">Login</button>
</form>{back}"""

_INVALID = '<div id="login-error" class="dex-error-box">Invalid {prompt} and password.</div>'

_BACK = '<div class="theme-link-back"><a href="{back}">Select another login method.</a></div>'

_APPROVAL = """<h2 class="theme-heading">Grant Access</h2>
<div>{client} would like to:</div><ul>{scopes}</ul>
<form method="post">
<input type="hidden" name="req" value="{request}"/>
<input type="hidden" name="approval" value="approve">
<button type="submit">Grant Access</button>
</form>
<form method="post">
<input type="hidden" name="req" value="{request}"/>
<input type="hidden" name="approval" value="rejected">
<button type="submit">Cancel</button>
</form>"""

_SCOPES = {
    "email": "View your email address",
    "groups": "View your groups",
    "profile": "View basic profile information",
}


def sign_in(path: str, status: int) -> HTMLResponse:
    """oauth2-proxy's page for who has no session; it leads back to `path`.

    The real one has its form behind 7,500 characters of style and logo.
    """
    style = f"<style>/* {'theme ' * 1250}*/</style>"
    return _page("Sign In", style + _SIGN_IN.format(rd=html.escape(path)), status)


def proxy_error(message: str, status: int) -> HTMLResponse:
    """oauth2-proxy's page for a login that failed."""
    phrase = HTTPStatus(status).phrase
    body = _PROXY_ERROR.format(
        status=status, phrase=phrase, message=html.escape(message), request=uuid.uuid4()
    )
    return _page(f"{status} {phrase}", body, status)


def redirect(target: str, status: int = 302) -> HTMLResponse:
    """With the small page that Go's servers add."""
    phrase = HTTPStatus(status).phrase
    return HTMLResponse(
        f'<a href="{html.escape(target)}">{phrase}</a>.\n\n',
        status_code=status,
        headers={"Location": quote(target, safe=":/%#?=@[]!$&'()*+,;")},
    )


def connector_choice(connectors: Iterable[tuple[str, str]]) -> HTMLResponse:
    """Dex's question how to log in: `(title, URL)` of each way."""
    links = "".join(
        f'<div class="theme-form-row"><a href="{html.escape(url)}">'
        f'<span class="dex-btn-text">Log in with {html.escape(title)}</span></a></div>'
        for title, url in sorted(connectors)
    )
    return _page("dex", f'<h2 class="theme-heading">Log in to dex </h2><div>{links}</div>', 200)


def password_form(
    action: str, prompt: str, *, back: str, login: str = "", invalid: bool = False
) -> HTMLResponse:
    """Dex's form; after a wrong password again, with status 401 (server/templates.go)."""
    body = _LOGIN.format(
        action=html.escape(action),
        prompt=html.escape(prompt),
        login=html.escape(login),
        error=_INVALID.format(prompt=html.escape(prompt)) if invalid else "",
        back=_BACK.format(back=html.escape(back)) if back else "",
    )
    return _page("dex", body, 401 if invalid else 200)


def approval(request: str, client: str, scopes: Iterable[str]) -> HTMLResponse:
    """Dex's question whether `client` may know who somebody is."""
    found = sorted(_SCOPES[scope] for scope in scopes if scope in _SCOPES)
    items = "".join(f"<li>{html.escape(one)}</li>" for one in found)
    body = _APPROVAL.format(client=html.escape(client), scopes=items, request=request)
    return _page("dex", body, 200)


def dex_error(message: str, status: int) -> HTMLResponse:
    """Dex's page for what cannot go on."""
    heading = f'<h2 class="theme-heading">{HTTPStatus(status).phrase}</h2>'
    return _page("dex", f"{heading}<p>{html.escape(message)}</p>", status)


def _page(title: str, body: str, status: int) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=html.escape(title), body=body), status_code=status)
