"""Refusal: a response of a layer in front of Kubeflow, and what it means.

Between us and Kubeflow stand Istio, oauth2-proxy (or oidc-authservice) and Dex. Each has words of
its own for what is wrong, and the status alone does not tell them apart: a wrong password, a login
that is not kept and a policy that allows nobody are all 401 or 403.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_kubeflow.auth.known_refusals import NEW_KEY, meaning
from pytest_kubeflow.auth.loginwanted import error_body, wants_login
from pytest_kubeflow.errors import AuthenticationError, KubeflowError
from pytest_kubeflow.response_text import words_of

if TYPE_CHECKING:
    import requests

_LONGEST, _READ = 200, 1000
_DIGITS = 5
"""Of the length of a page that is read for its words."""

_FRAME = re.compile(r"^\d{3} [\w ]+ More Info (.* Request ID: \S+) .*$")
"""oauth2-proxy's error page: what it says stands between headings and buttons."""

NOT_KEPT = (
    "the gateway asks for another login with the session that it has just given: the replicas of "
    "oauth2-proxy have different cookie secrets or no common session store (compare their "
    "OAUTH2_PROXY_COOKIE_SECRET; kubectl -n oauth2-proxy get pods), or what stands behind does not "
    "accept the session's token"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response, as far as it tells why one does not get in. `words` are the server's own."""

    path: str
    status: int
    kind: str
    words: str
    wants_login: bool = False
    """Whether it is a redirect to a login, the sign-in page, or 401."""

    target: str = ""
    """Where it redirects to."""

    @classmethod
    def of(cls, response: requests.Response) -> Refusal:
        """Reads bodies of errors, and of pages that tell their length: others may never end."""
        body = error_body(response) if response.status_code >= 400 or _is_page(response) else b""
        return cls(
            urlsplit(response.url).path or "/",
            response.status_code,
            response.headers.get("content-type", "").partition(";")[0],
            _shortened(_FRAME.sub(r"\1", words_of(body, longest=_READ))),
            wants_login(response),
            response.headers.get("location", "").partition("?")[0],
        )

    def __str__(self) -> str:
        bare = " without a body" if self.status == 403 else ""
        message = f" {self.words!r}" if self.words else bare
        return f"{self.path} answers {self.status}{message}"

    @property
    def summary(self) -> str:
        """With its content type: what stands there may be something else altogether."""
        kind = f" ({self.kind})" if self.kind else ""
        message = f" {self.words!r}" if self.words else ""
        to = f", to {self.target}" if self.target else ""
        return f"{self.path} answers {self.status}{kind}{message}{to}"

    @property
    def is_known(self) -> bool:
        """Whether what it means is known."""
        return meaning(self.path, self.status, self.words) is not None

    @property
    def is_for_a_new_key(self) -> bool:
        """Whether it will pass: Istio reads the issuer's keys again after a while."""
        return NEW_KEY in self.words

    def error(self, otherwise: str = "") -> KubeflowError:
        """The refusal as an error; `otherwise` is what one that nobody knows means."""
        kind, message = meaning(self.path, self.status, self.words) or (
            AuthenticationError,
            otherwise,
        )
        return kind(f"{self}: {message}" if message else str(self))


def _is_page(response: requests.Response) -> bool:
    length = response.headers.get("content-length", "")
    is_short = length.isascii() and length.isdigit() and len(length) <= _DIGITS
    return is_short and response.headers.get("content-type", "").startswith("text/html")


def _shortened(words: str) -> str:
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."
