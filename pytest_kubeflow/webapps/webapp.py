"""WebApp: one of Kubeflow's web apps, asked as its own page in a browser asks it.

Rules: components/crud-web-apps/common/backend of kubeflow/notebooks 1.11. What changes something
carries the cookie XSRF-TOKEN and repeats it in a header; the app's page sets that cookie, as Secure
unless it is told otherwise, and over plain http browsers send no such cookie back.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.auth.retries import is_gone_by_us, sent_again
from pytest_kubeflow.errors import (
    AuthenticationError,
    ComponentMissing,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.k8s.admission import refusal as admission_refusal
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.webapps.errors import ServerRefused

if TYPE_CHECKING:
    import requests

COOKIE = "XSRF-TOKEN"
_HEADER = f"X-{COOKIE}"
_SAFE = frozenset({"GET", "HEAD"})


class WebApp:
    """At the gateway, below `prefix`, with a session's credentials. `title` is for messages.

    Raises ComponentMissing where something else answers, AuthenticationError, PermissionDenied,
    NotFound, ServerRefused, ClusterUnreachable.
    """

    prefix: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, gateway_url: str, session: requests.Session) -> None:
        self.url = gateway_url + self.prefix
        self._session = session
        self._token = ""

    def field(self, method: str, path: str, field: str) -> Any:
        """What a response has in `field`. Raises ServerRefused where it has no such field."""
        found = self.called(method, path)
        if field not in found:
            raise ServerRefused(f"{method} {self.url}{path} gives no {field!r}", status=200)
        return found[field]

    def called(self, method: str, path: str, body: object = None) -> Mapping[str, Any]:
        """The JSON object of a response that says that it went well."""
        with network_errors(self.url):
            response = self._sent(method, path, body)
        return self._read(method, path, response)

    def created(self, path: str, form: object, there: Callable[[], object]) -> None:
        """POST; again where a response was lost, unless what it makes is `there` by then.

        Its name is one that nobody else gives. A mesh that lost a response sends a request twice:
        409 for what was not there before is the second one's.
        """
        taken = _may_be(there)
        with network_errors(self.url):
            response = sent_again(
                self._session, lambda: self._sent("POST", path, form), done=lambda: _is(there)
            )
        if response is None or (response.status_code == 409 and not taken and _is(there)):
            return
        self._read("POST", path, response)

    def removed(self, path: str, there: Callable[[], object]) -> None:
        """DELETE, again where a response was lost: what is not `there` then was removed before.

        Raises NotFound, and whatever the app says of other things that it does not find.
        """
        with network_errors(self.url):
            response = self._sent("DELETE", path)
        if not (is_gone_by_us(response) and not _is(there)):
            self._read("DELETE", path, response)

    def _sent(self, method: str, path: str, body: object = None) -> requests.Response:
        token = "" if method in _SAFE else self._protection()
        return self._session.request(
            method,
            self.url + path,
            json=body,
            headers={"Accept": "application/json", **({_HEADER: token} if token else {})},
            # The jar sends no Secure cookie over http, where browsers do for this machine.
            cookies={COOKIE: token} if token else None,
            allow_redirects=False,
        )

    def _read(self, method: str, path: str, response: requests.Response) -> Mapping[str, Any]:
        try:
            found = response.json()
        except ValueError:
            found = None
        if response.ok and isinstance(found, dict) and found.get("success", True):
            return found
        raise self._error(method, path, response, found)

    def _error(
        self, method: str, path: str, response: requests.Response, found: object
    ) -> KubeflowError:
        refusal = Refusal.of(response)
        message = f"{method} {self.prefix}{path} answers {response.status_code}"
        if isinstance(found, dict):  # it is the app's own word
            words = str(found.get("log") or found.get("message") or "")
            message = f"{message}: {words}" if words else message
            rule = admission_refusal(response.status_code, words, pod=False)
            if rule is not None:
                return ServerRefused(f"{message}; {rule}", status=response.status_code)
            kinds = {401: AuthenticationError, 403: PermissionDenied, 404: NotFound}
            if kind := kinds.get(response.status_code):
                return kind(message)
            return ServerRefused(message, status=response.status_code)
        if wants_login(response):
            return AuthenticationError(f"{refusal}: the login has ended, or was never good for it")
        if response.status_code in {200, 404}:
            return ComponentMissing(
                f"{self.title} is not at {self.url}: {method} {refusal.summary}"
            )
        if response.status_code in {401, 403} and refusal.is_known:
            return refusal.error()
        return ServerRefused(f"{method} {refusal.summary}", status=response.status_code)

    def _protection(self) -> str:
        """The value of the cookie that the app's page sets, which a header repeats."""
        if not self._token:
            self._token = self._asked_token()
        return self._token

    def _asked_token(self) -> str:
        with network_errors(self.url):
            response = sent_again(
                self._session,
                lambda: self._session.get(f"{self.url}/"),
                safe=True,
                # A page of something else may have come in its place.
                page=lambda one: wants_login(one) or _cookie_of(one) is not None,
            )
        assert response is not None  # only `done` makes it so
        if wants_login(response):
            raise Refusal.of(response).error("the login has ended")
        if (morsel := _cookie_of(response)) is None:
            raise ComponentMissing(
                f"the page {self.url}/ sets no cookie {COOKIE}, without which {self.title} "
                f"takes no changes: {Refusal.of(response).summary}"
            )
        parts = urlsplit(self.url)
        if morsel["secure"] and parts.scheme != "https" and not _is_trusted(parts.hostname or ""):
            raise ServerRefused(
                f"nothing can be changed at {parts.scheme}://{parts.netloc}: the web apps set the "
                f"cookie {COOKIE} for https alone (Secure), browsers do not send it back over "
                f'plain http, and the app answers 403 "Could not find CSRF cookie {COOKIE}"; '
                "serve https, or set APP_SECURE_COOKIES=false in the web apps",
                status=403,
            )
        return str(morsel.value)


def api_path(namespace: str, *parts: str) -> str:
    """A path of an app's API, below what it has of a namespace."""
    return "/".join(["/api/namespaces", *(quote(one, safe="") for one in (namespace, *parts))])


def _is_trusted(host: str) -> bool:
    """Whether browsers keep Secure cookies of this host over plain http: it is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _cookie_of(response: requests.Response) -> Any:
    """The morsel of our cookie; None where the response sets it not."""
    lines = response.raw.headers.getlist("Set-Cookie")
    morsels = (SimpleCookie(line).get(COOKIE) for line in lines)
    return next((one for one in morsels if one is not None), None)


def _may_be(there: Callable[[], object]) -> bool:
    """As `_is`, and so it is where that cannot be seen."""
    try:
        return _is(there)
    except KubeflowError:
        return True


def _is(there: Callable[[], object]) -> bool:
    try:
        return bool(there())
    except NotFound:
        return False
