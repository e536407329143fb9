"""JupyterServer: the REST API of a notebook's server, behind the gateway.

The paths are those of Jupyter's (jupyter_server/services): status, kernels, contents. What changes
something carries the value of the cookie `_xsrf` in a header, as Jupyter's own pages do.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.auth.retries import is_gone_by_us
from pytest_kubeflow.errors import AuthenticationError, ConfigurationError, NotFound
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.webapps.errors import ServerRefused
from pytest_kubeflow.webapps.reply import ServerReply, json_of

if TYPE_CHECKING:
    import requests

_XSRF = "_xsrf"
_HEADER = "X-XSRFToken"
_PAGES = ("/lab", "/tree", "/")
"""Pages at which Jupyter sets its cookie, the newest interface first."""

STATUS = "/api/status"
"""The path at which a server says since when it runs."""

STARTED = "started"
"""The field in which it says so."""

_SAFE = frozenset({"GET", "HEAD"})


class JupyterServer:
    """Of one notebook. `url` is that of its base, without a slash at the end.

    Raises AuthenticationError where a login is wanted, PermissionDenied where we are refused,
    NotFound, ServerRefused, ClusterUnreachable.
    """

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self._session = session
        self._xsrf = ""

    def reply(self, path: str) -> ServerReply:
        """GET `path` once, whatever comes; no redirect is followed. Raises ClusterUnreachable."""
        return ServerReply.of(self._session, self.url + path)

    def page(self, path: str) -> str:
        """The page at `path`, which may redirect within the notebook."""
        response = self._sent("GET", path)
        kind = response.headers.get("content-type", "")
        if not kind.startswith("text/html"):
            raise ServerRefused(
                f"{self.url}{path} shows no page, but {kind or 'nothing'}",
                status=response.status_code,
            )
        return response.text

    def start_kernel(self, name: str | None = None) -> str:
        """Start a kernel, of the server's default kind if none is named; returns its id."""
        body = {"name": name} if name else {}
        return str(self._object("POST", "/api/kernels", body)["id"])

    def kernel(self, kernel_id: str) -> Mapping[str, Any]:
        """What the server says of a kernel: `execution_state`, `connections`. Raises NotFound."""
        return self._object("GET", f"/api/kernels/{quote(kernel_id)}")

    def kernels(self) -> list[Mapping[str, Any]]:
        """Those that run."""
        found = self._called("GET", "/api/kernels")
        return found if isinstance(found, list) else []

    def interrupt(self, kernel_id: str) -> None:
        """Interrupt what a kernel runs."""
        self._called("POST", f"/api/kernels/{quote(kernel_id)}/interrupt", {})

    def delete_kernel(self, kernel_id: str) -> None:
        """End a kernel; one that is gone already is fine."""
        try:
            self._called("DELETE", f"/api/kernels/{quote(kernel_id)}")
        except NotFound:
            return

    def write(self, path: str, content: bytes | str) -> None:
        """Write a file below the server's directory, and the directories that it is in."""
        file = _relative(path)
        if not file.name:
            raise ConfigurationError(f"{path!r} is the home directory itself, and no file in it")
        for parent in reversed(file.parents[:-1]):
            if not self.exists(str(parent)):
                self._called("PUT", _contents(parent), {"type": "directory"})
        if isinstance(content, str):
            body = {"type": "file", "format": "text", "content": content}
        else:
            encoded = base64.b64encode(content).decode()
            body = {"type": "file", "format": "base64", "content": encoded}
        self._called("PUT", _contents(file), body)

    def read(self, path: str) -> bytes:
        """The content of a file, byte for byte. Raises NotFound."""
        at = f"{_contents(_relative(path))}?type=file&format=base64&content=1"
        found = self._object("GET", at)
        try:
            return base64.b64decode(str(found.get("content")), validate=False)
        except binascii.Error as error:
            raise ServerRefused(
                f"{self.url}{at} gives content that is no base64: {error}", status=200
            ) from error

    def exists(self, path: str) -> bool:
        """Whether there is a file or a directory."""
        try:
            self._called("GET", f"{_contents(_relative(path))}?content=0")
        except NotFound:
            return False
        return True

    def names(self, path: str = "") -> list[str]:
        """The names in a directory, without those that begin with a dot."""
        found = self._object("GET", f"{_contents(_relative(path))}?type=directory&content=1")
        return sorted(str(one["name"]) for one in found.get("content") or [])

    def remove(self, path: str) -> None:
        """Remove a file. Raises NotFound."""
        self._called("DELETE", _contents(_relative(path)))

    def _object(self, method: str, path: str, body: object = None) -> Mapping[str, Any]:
        found = self._called(method, path, body)
        if not isinstance(found, dict):
            raise ServerRefused(
                f"{method} {self.url}{path} gives no JSON object: {str(found)[:200]!r}", status=200
            )
        return found

    def _called(self, method: str, path: str, body: object = None) -> Any:
        """The JSON of a response; None for an empty one."""
        return json_of(self._sent(method, path, body))

    def _sent(self, method: str, path: str, body: object = None) -> requests.Response:
        headers = {} if method in _SAFE else self._protected()
        with network_errors(self.url):
            response = self._session.request(
                method,
                self.url + path,
                json=body,
                headers={"Accept": "application/json", **headers} if "/api/" in path else headers,
            )
        if response.ok and not (wants_login(response) or _is_page_instead(response, path)):
            return response
        if is_gone_by_us(response):
            return response
        refusal = Refusal.of(response)
        if refusal.wants_login:
            raise AuthenticationError(
                f"{method} {refusal}: the login has ended, or never was good for this path"
            )
        if response.status_code == 404:
            raise NotFound(f"{method} {self.url}{path}: {refusal.words or 'there is nothing'}")
        if response.status_code in {401, 403} and refusal.is_known:
            raise refusal.error()
        raise ServerRefused(f"{method} {refusal.summary}", status=response.status_code)

    def _protected(self) -> dict[str, str]:
        """The header that says that a request is no forged one, with the cookie that it repeats."""
        if not self._xsrf:
            self._xsrf = self._cookie() or self._own_cookie()
        return {_HEADER: self._xsrf}

    def _cookie(self) -> str:
        for page in _PAGES:
            with network_errors(self.url):
                response = self._session.get(self.url + page)
            for cookie in self._session.cookies:
                if cookie.name == _XSRF and cookie.path.rstrip("/") == _path(self.url):
                    return str(cookie.value)
            if wants_login(response):
                raise Refusal.of(response).error("the login has ended")
        return ""

    def _own_cookie(self) -> str:
        """A server without pages sets none, and takes any that comes twice."""
        value = uuid.uuid4().hex
        self._session.cookies.set(_XSRF, value, path=f"{_path(self.url)}/")
        return value


def _is_page_instead(response: requests.Response, path: str) -> bool:
    """Whether something else answers with a page where the API answers with JSON."""
    kind = response.headers.get("content-type", "")
    return "/api/" in path and kind.startswith("text/html")


def _path(url: str) -> str:
    return "/" + url.split("://", 1)[-1].partition("/")[2]


def _contents(path: PurePosixPath) -> str:
    inner = "" if str(path) == "." else f"/{quote(str(path))}"
    return f"/api/contents{inner}"


def _relative(path: str) -> PurePosixPath:
    """Raises ConfigurationError for what is not below the server's directory."""
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts:
        raise ConfigurationError(
            f"{path!r} is no path of a notebook's files: they are relative to its home directory"
        )
    return found
