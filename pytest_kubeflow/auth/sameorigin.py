"""SameOrigin: the requests of a login, which go to the gateway's own origin alone.

It follows redirects itself, since the password and what belongs to it must not leave that origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable
from pytest_kubeflow.html_page import Form

if TYPE_CHECKING:
    import requests

_MOST_REDIRECTS = 20
_MOST_REPEATED = 8
_REPEATING = frozenset({307, 308})
_LONGEST_SHOWN = 200
_IN_CLUSTER = (".svc", ".svc.cluster.local", ".cluster.local")

_OTHER_WAYS = (
    "log in by hand and give the session's cookies with KF_COOKIE, or come with a token (KF_TOKEN, "
    "--kf-token-file, --kf-auth=token-request)"
)


class SameOrigin:
    """Sends requests of `session` to `host` (a URL), and nowhere else.

    `responses` are all that came, redirects too. `led_on` says whether the answer to a form was a
    redirect.
    """

    def __init__(self, session: requests.Session, host: str) -> None:
        self.responses: list[requests.Response] = []
        self.led_on = False
        self._session = session
        self._host = host

    def get(self, url: str) -> requests.Response:
        """What `url`, which may be relative to the host, leads to."""
        url = joined(f"{self._host}/", url)
        passed: list[str] = []
        for _ in range(_MOST_REDIRECTS):
            self._check(url)
            response = self._session.get(url, allow_redirects=False)
            self.responses.append(response)
            if not response.is_redirect:
                return response
            passed.append(urlsplit(url).path or "/")
            url = self._target(response)
        circle = " and ".join(dict.fromkeys(passed[-2:]))
        raise ClusterUnreachable(
            f"{self._host} redirects without end ({circle}): what stands before Kubeflow there, "
            "and its login, send each request to each other"
        )

    def post(self, at: str, form: Form, inputs: dict[str, str]) -> requests.Response:
        """What the form of the page `at` leads to, filled in with `inputs`."""
        url = joined(at, form.action)
        for _ in range(_MOST_REPEATED):
            self._check(url)
            response = self._session.post(
                url, data={**form.inputs, **inputs}, allow_redirects=False
            )
            self.responses.append(response)
            if not response.is_redirect:
                return response
            url = self._target(response)
            if response.status_code not in _REPEATING:
                break
        self.led_on = True
        return self.get(url)

    def _target(self, response: requests.Response) -> str:
        """Where a redirect leads to."""
        location = self._session.get_redirect_target(response)
        return joined(response.url, str(location))

    def _check(self, url: str) -> None:
        """Raises AuthenticationError where the login leaves the gateway."""
        url = _sent_to(url)
        ours, theirs = _origin(_sent_to(self._host)), _origin(url)
        if theirs == ours:
            return
        there = f"{theirs[0]}://{urlsplit(url).netloc}"
        if ours[:2] == ("https", theirs[1]) and theirs[0] == "http":
            raise AuthenticationError(
                f"the login at {self._host} wants the password over plain http ({there}): not sent"
            )
        if urlsplit(url).path.endswith("/callback"):
            raise AuthenticationError(
                f"the login leads back to {there}, which is not --kf-host: oauth2-proxy's "
                f"redirect_url names it, and the session would be kept there alone; use "
                f"--kf-host={there}"
            )
        if theirs[:2] == ("https", ours[1]):
            raise ClusterUnreachable(
                f"{self._host} sends to {there}: use --kf-host={there} (a login over plain http "
                "works on localhost alone)"
            )
        if theirs[1].endswith(_IN_CLUSTER):
            raise ClusterUnreachable(
                f"the login leads to {there}, an address inside the cluster: oauth2-proxy takes it "
                'from its issuer; set login_url = "/dex/auth" and skip_oidc_discovery = true in '
                "its configuration (ConfigMap oauth2-proxy in oauth2-proxy)"
            )
        same = f"; if that is this Kubeflow's own address, --kf-host={there}"
        raise AuthenticationError(
            f"the login leads to {there}{urlsplit(url).path}, which wants a person; the password "
            f"goes to --kf-host alone and was not sent there: {_OTHER_WAYS}"
            f"{same if theirs[1] == ours[1] else ''}"
        )


def joined(base: str, target: str) -> str:
    """`target` on the page `base`. Raises AuthenticationError where it is no address."""
    try:
        return urljoin(base, target)
    except ValueError as error:
        raise _no_address(target, error) from error


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return (
        parts.scheme,
        parts.hostname or "",
        parts.port or (443 if parts.scheme == "https" else 80),
    )


def _sent_to(url: str) -> str:
    """`url` as it is sent: `urlsplit` and `requests` may see different hosts in what it was.

    So they do where a backslash stands before an @.
    """
    import requests

    try:
        sent = requests.Request("GET", url).prepare().url
        _origin(str(sent))  # a port that is no number
    except ValueError as error:  # as those of requests for URLs are
        raise _no_address(url, error) from error
    return str(sent)


def _no_address(target: str, error: Exception) -> AuthenticationError:
    return AuthenticationError(
        f"the login leads to {target[:_LONGEST_SHOWN]!r}, which is no address: {error}"
    )
