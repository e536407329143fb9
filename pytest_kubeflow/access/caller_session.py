"""A client of the gateway, with credentials or without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_kubeflow.auth.retries import sent_again
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.response_text import words_of

if TYPE_CHECKING:
    import requests

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Reply:
    """What the gateway answered: no redirect was followed.

    `target` is where it would lead; `json` is None for anything but JSON.
    """

    status: int
    content_type: str
    text: str = field(repr=False)
    target: str = ""
    json: object = field(default=None, repr=False)

    @property
    def is_refusal(self) -> bool:
        """Whether somebody was sent away: 401, 403, or a redirect to a login.

        A page that is not there, an error of the server and an answer are none.
        """
        if self.status in _REDIRECTS:
            path = urlsplit(self.target).path
            return "/dex/" in path or "/oauth2/" in path or path.endswith("/auth")
        return self.status in {401, 403}

    def __str__(self) -> str:
        """For people: the status and what was said, on one line."""
        message = words_of(self.text, longest=_LONGEST_SHOWN)
        where = f" to {urlsplit(self.target).path}" if self.target else ""
        return f"{self.status}{where}" + (f": {message}" if message else "")


@dataclass(frozen=True)
class CallerSession:
    """Sends requests to the gateway. `name` is for people: "an unauthenticated client"."""

    name: str
    gateway_url: str
    session: requests.Session = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None) -> Reply:
        """GET `path` of the gateway, or a URL there, and follow no redirect.

        Raises ClusterUnreachable if nothing answers.
        """
        return self.send("GET", path, headers=headers)

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        safe: bool = False,
    ) -> Reply:
        """Any request, with `body` as its JSON unless it is None; as `get` does it.

        Who sends JSON asks for JSON: a page of HTML is no response then, and asked for again.
        What is `safe` to be done twice, as what has to be refused, is asked for again if its
        response is lost, whatever its method.
        """
        url = path if "://" in path else self.gateway_url + path
        wanted = {} if body is None else {"Accept": "application/json"}

        def ask() -> requests.Response:
            return self.session.request(
                method,
                url,
                json=body,
                headers={**wanted, **self.headers, **(headers or {})},
                allow_redirects=False,
            )

        with network_errors(url):
            answer = sent_again(self.session, ask, safe=True) if safe else ask()
        assert answer is not None  # only `done` makes it so
        kind = answer.headers.get("content-type", "")
        return Reply(
            answer.status_code,
            kind,
            answer.text,
            answer.headers.get("location", ""),
            _json(answer) if "json" in kind else None,
        )

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        """POST `body` to `path` of the gateway, and follow no redirect.

        Raises requests.RequestException, as `MetadataSource` expects of it.
        """
        return self.session.post(
            self.gateway_url + path,
            data=body,
            headers={**self.headers, **headers},
            allow_redirects=False,
        )


def _json(answer: requests.Response) -> object:
    try:
        found: object = answer.json()
    except ValueError:
        return None
    return found
