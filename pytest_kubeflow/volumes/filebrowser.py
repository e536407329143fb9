"""FileBrowser: the program in a viewer's pod, asked as its own page asks it.

Calls: filebrowser/filebrowser v2.32, http/ (login, resources, raw).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_kubeflow.auth.loginwanted import wants_login
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.auth.retries import is_gone_by_us, sent_again
from pytest_kubeflow.errors import AuthenticationError, ConfigurationError, NotFound
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.webapps.errors import ServerRefused
from pytest_kubeflow.webapps.reply import ServerReply, json_of

if TYPE_CHECKING:
    import requests

HEALTH = "/health"
"""The path at which it says that it is there."""

STATUS = "status"
"""The field in which it says so."""

_HEADER = "X-Auth"
_RAW = "/api/raw"
_JSON = {"Accept": "application/json"}


class FileBrowser:
    """Of one viewer. `url` is that of its base, without a slash at the end.

    Raises AuthenticationError where a login is wanted, PermissionDenied where we are refused,
    NotFound, ServerRefused, ClusterUnreachable.
    """

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self._session = session
        self._token = ""

    def health(self) -> ServerReply:
        """What it says of itself, asked once, whatever comes."""
        return ServerReply.of(self._session, self.url + HEALTH)

    def write(self, path: str, content: bytes | str, *, override: bool = False) -> None:
        """Put a file on the volume, and the directories that it is in.

        Raises ServerRefused (409) where there is one already, unless it may be written over.
        """
        if not PurePosixPath(path).name:
            raise ConfigurationError(f"{path!r} is the root of the volume, and no file on it")
        body = content.encode() if isinstance(content, str) else content
        place = _resource(path) + ("?override=true" if override else "?override=false")
        with network_errors(self.url):
            response = sent_again(
                self._session,
                lambda: self._let_in("POST", place, body),
                safe=override,
                done=None if override else lambda: self._holds(path, body),
            )
        if response is not None:
            self._check("POST", place, response)

    def _holds(self, path: str, content: bytes) -> bool:
        try:
            return self.read(path) == content
        except NotFound:
            return False

    def read(self, path: str) -> bytes:
        """The content of a file, as it is downloaded. Raises NotFound."""
        place = f"{_RAW}{_quoted(path)}"
        with network_errors(self.url):
            response = sent_again(
                self._session, lambda: self._let_in("GET", place, None), safe=True, page=False
            )
        assert response is not None  # only `done` makes it so
        self._check("GET", place, response)
        if response.headers.get("content-type", "").startswith("text/html"):
            raise ServerRefused(
                f"{self.url} shows a page where the file {path!r} was asked for: "
                f"{Refusal.of(response).summary}",
                status=response.status_code,
            )
        return response.content

    def names(self, path: str = "") -> list[str]:
        """What is in a directory. Raises NotFound."""
        listed = self._described(path).get("items")
        if not isinstance(listed, list):
            raise ServerRefused(f"{path!r} in the viewer {self.url} is no directory", status=200)
        return sorted(str(one["name"]) for one in listed)

    def size(self, path: str) -> int:
        """How many bytes a file has, as the page shows it. Raises NotFound."""
        return int(self._described(path)["size"])

    def remove(self, path: str) -> None:
        """Remove a file or a directory. Raises NotFound."""
        self._sent("DELETE", _resource(path))

    def _described(self, path: str) -> Mapping[str, Any]:
        response = self._sent("GET", _resource(path))
        found = json_of(response)
        if not isinstance(found, dict):
            raise ServerRefused(
                f"GET {Refusal.of(response).summary}, and not what is at {path!r}",
                status=response.status_code,
            )
        return found

    def _sent(self, method: str, path: str, body: bytes | None = None) -> requests.Response:
        with network_errors(self.url):
            response = self._let_in(method, path, body)
        return self._check(method, path, response)

    def _let_in(self, method: str, path: str, body: bytes | None) -> requests.Response:
        response = self._tried(method, path, body)
        if response.status_code == 401 and self._token:  # after two hours it is over
            self._token = ""
            response = self._tried(method, path, body)
        return response

    def _check(self, method: str, path: str, response: requests.Response) -> requests.Response:
        if is_gone_by_us(response) or (response.ok and not wants_login(response)):
            return response
        raise self._error(method, path, response)

    def _tried(self, method: str, path: str, body: bytes | None) -> requests.Response:
        if not self._token:
            self._token = self._login()
        return self._session.request(
            method,
            self.url + path,
            data=body,
            headers={_HEADER: self._token, **({} if path.startswith(_RAW) else _JSON)},
            allow_redirects=False,
        )

    def _login(self) -> str:
        """The token that it gives to whoever has come as far as this (FB_NOAUTH)."""
        path = "/api/login"
        with network_errors(self.url):
            response = sent_again(
                self._session,
                lambda: self._session.post(self.url + path, allow_redirects=False),
                safe=True,
                page=False,
            )
        assert response is not None
        token = response.text.strip()
        if not response.ok or wants_login(response) or token.count(".") != 2:
            raise self._error("POST", path, response)
        return token

    def _error(self, method: str, path: str, response: requests.Response) -> Exception:
        refusal = Refusal.of(response)
        if refusal.wants_login and "/api/" not in refusal.path:
            return AuthenticationError(
                f"{method} {refusal}: the login has ended, or never was good for this path"
            )
        if response.status_code == 404:
            return NotFound(f"{method} {self.url}{path}: {refusal.words or 'there is nothing'}")
        if response.status_code in {401, 403} and refusal.is_known:
            return refusal.error()
        return ServerRefused(f"{method} {refusal.summary}", status=response.status_code)


def _resource(path: str) -> str:
    return f"/api/resources{_quoted(path)}"


def _quoted(path: str) -> str:
    """Raises ConfigurationError for what is not on the volume."""
    found = PurePosixPath(path)
    if found.is_absolute() or ".." in found.parts:
        raise ConfigurationError(
            f"{path!r} is no path of a volume's files: they are relative to its root"
        )
    return "/" if str(found) == "." else f"/{quote(str(found))}"
