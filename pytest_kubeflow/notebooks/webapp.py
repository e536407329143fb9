"""JupyterWebApp: Kubeflow's web app for notebooks, asked as its own page in a browser asks it.

Paths and bodies: components/crud-web-apps/jupyter/backend of kubeflow/notebooks. What changes
something carries the cookie XSRF-TOKEN and repeats it in a header; the app's page sets that cookie,
as Secure unless it is told otherwise, and over plain http browsers send no such cookie back.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import cached_property
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.errors import (
    AuthenticationError,
    ComponentMissing,
    KubeflowError,
    NotFound,
    PermissionDenied,
)
from pytest_kubeflow.k8s.admission import refusal as admission_refusal
from pytest_kubeflow.notebooks.errors import NotebookFailed, ServerRefused
from pytest_kubeflow.reaching import reaching

if TYPE_CHECKING:
    import requests

PREFIX = "/jupyter"
COOKIE = "XSRF-TOKEN"
_HEADER = f"X-{COOKIE}"
_SAFE = frozenset({"GET", "HEAD"})


class JupyterWebApp:
    """At the gateway, with a session's credentials. All methods ask for one namespace.

    Raises ComponentMissing where something else answers, AuthenticationError, PermissionDenied,
    NotFound, ServerRefused, ClusterUnreachable.
    """

    def __init__(self, gateway_url: str, session: requests.Session) -> None:
        self.url = gateway_url + PREFIX
        self._session = session
        self._token = ""

    @cached_property
    def config(self) -> Mapping[str, Any]:
        """The defaults of its form, as the administrator has set them."""
        found = self._field("GET", "/api/config", "config")
        return found if isinstance(found, dict) else {}

    def notebooks(self, namespace: str) -> list[Mapping[str, Any]]:
        """The notebooks of a namespace, as its page lists them."""
        return list(self._field("GET", _path(namespace), "notebooks"))

    def get(self, namespace: str, name: str) -> Mapping[str, Any]:
        """One Notebook, with `processed_status`: `phase` and `message`. Raises NotFound."""
        found: Mapping[str, Any] = self._field("GET", _path(namespace, name), "notebook")
        return found

    def create(self, namespace: str, form: Mapping[str, Any]) -> None:
        """Send the form. Raises NotebookFailed where the name is taken or something is refused."""
        name = form.get("name")
        try:
            self._called("POST", _path(namespace), form)
        except ServerRefused as error:
            if error.status == 409:
                raise NotebookFailed(
                    f"there is a Notebook {namespace}/{name}, or a claim of its name, already: "
                    f"left as it is; take another name, or none ({error.message})"
                ) from error
            raise NotebookFailed(f"Notebook {namespace}/{name} is not made: {error.message}") from (
                error
            )

    def set_stopped(self, namespace: str, name: str, *, stopped: bool) -> None:
        """Stop or start a notebook."""
        self._called("PATCH", _path(namespace, name), {"stopped": stopped})

    def delete(self, namespace: str, name: str) -> None:
        """Remove a notebook; its claims stay. Raises NotFound."""
        self._called("DELETE", _path(namespace, name))

    def pod_defaults(self, namespace: str) -> list[Mapping[str, Any]]:
        """What can be chosen as configurations: each has `label` and `desc`."""
        path = f"/api/namespaces/{quote(namespace)}/poddefaults"
        return list(self._field("GET", path, "poddefaults"))

    def _field(self, method: str, path: str, field: str) -> Any:
        found = self._called(method, path)
        if field not in found:
            raise ServerRefused(f"{method} {self.url}{path} gives no {field!r}", status=200)
        return found[field]

    def _called(self, method: str, path: str, body: object = None) -> Mapping[str, Any]:
        token = "" if method in _SAFE else self._protection()
        with reaching(self.url):
            response = self._session.request(
                method,
                self.url + path,
                json=body,
                headers={"Accept": "application/json", **({_HEADER: token} if token else {})},
                # The jar sends no Secure cookie over http, where browsers do for this machine.
                cookies={COOKIE: token} if token else None,
                allow_redirects=False,
            )
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
        told = f"{method} {PREFIX}{path} answers {response.status_code}"
        if isinstance(found, dict):  # it is the app's own word
            words = str(found.get("log") or found.get("message") or "")
            told = f"{told}: {words}" if words else told
            rule = admission_refusal(response.status_code, words, pod=False)
            if rule is not None:
                return ServerRefused(f"{told}; {rule}", status=response.status_code)
            kinds = {401: AuthenticationError, 403: PermissionDenied, 404: NotFound}
            if kind := kinds.get(response.status_code):
                return kind(told)
            return ServerRefused(told, status=response.status_code)
        if wants_login(response):
            return AuthenticationError(f"{refusal}: the login has ended, or was never good for it")
        if response.status_code in {200, 404}:
            return ComponentMissing(
                f"the web app for notebooks is not at {self.url}: {method} {refusal.summary}"
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
        with reaching(self.url):
            response = self._session.get(f"{self.url}/")
        if wants_login(response):
            raise Refusal.of(response).error("the login has ended")
        morsel = next(
            (one for one in map(_cookie, _set_cookies(response)) if one is not None), None
        )
        if morsel is None:
            raise ComponentMissing(
                f"the page {self.url}/ sets no cookie {COOKIE}, without which the web app for "
                f"notebooks takes no changes: {Refusal.of(response).summary}"
            )
        parts = urlsplit(self.url)
        if morsel["secure"] and parts.scheme != "https" and not _is_trusted(parts.hostname or ""):
            raise NotebookFailed(
                f"nothing can be made at {parts.scheme}://{parts.netloc}: the web apps set the "
                f"cookie {COOKIE} for https alone (Secure), browsers do not send it back over "
                f'plain http, and the app answers 403 "Could not find CSRF cookie {COOKIE}"; '
                "serve https, or set APP_SECURE_COOKIES=false in the web apps"
            )
        return str(morsel.value)


def _path(namespace: str, name: str = "") -> str:
    path = f"/api/namespaces/{quote(namespace)}/notebooks"
    return f"{path}/{quote(name)}" if name else path


def _is_trusted(host: str) -> bool:
    """Whether browsers keep Secure cookies of this host over plain http: it is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _set_cookies(response: requests.Response) -> list[str]:
    return list(response.raw.headers.getlist("Set-Cookie"))


def _cookie(line: str) -> Any:
    """The morsel of our cookie in a header Set-Cookie; None where it sets another."""
    return SimpleCookie(line).get(COOKIE)
