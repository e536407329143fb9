"""SignIn: the way of a person through the login's pages, to the cookies of a session.

The steps differ with the installation (sign-in page or redirect, choice of connector, approval
page), so this looks at each page and does what it asks, a bounded number of times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_kubeflow.auth.loginwanted import is_sign_in
from pytest_kubeflow.auth.refusal import NOT_KEPT, Refusal
from pytest_kubeflow.auth.sameorigin import SameOrigin, joined
from pytest_kubeflow.auth.sessioncookie import cookie_fault
from pytest_kubeflow.config.model import GatewaySettings
from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    KubeflowError,
    WaitTimeout,
)
from pytest_kubeflow.html_page import Page
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.waiting import Deadline, wait_until

if TYPE_CHECKING:
    import requests

NEW_KEY_SECONDS = 120.0
"""For how long a fresh login is refused at most: Istio reads Dex's keys again after a minute."""

_CONNECTORS = ("local", "ldap")
_MOST_STEPS = 8
_LONGEST_SHOWN = 200
_ON_THE_WAY = ("/dex/", "/oauth2/", "/authservice/", "/login/oidc")
"""Pages below these are a part of the login; whoever ends there is not in."""


class PasswordRefused(AuthenticationError):  # noqa: N818  as in pytest_kubeflow.errors
    """Dex knows no such user with this password. To try it again may lock the account."""


class SignIn:
    """One login at the gateway `host` (a URL), in a session of its own. Use it once."""

    def __init__(
        self,
        session: requests.Session,
        host: str,
        settings: GatewaySettings,
        *,
        username: str,
        password: Secret,
        redactor: Redactor,
    ) -> None:
        self._session = session
        self._host = host
        self._settings = settings
        self._username = username
        self._password = password
        self._redactor = redactor
        self._posted = False
        self._gateway = SameOrigin(session, host)

    def cookies(self) -> str:
        """The session's cookies, as a header.

        Raises PasswordRefused; AuthenticationError where the login leads elsewhere or is not kept;
        PermissionDenied or ClusterUnreachable where something on the way does not let it through.
        """
        response = self._gateway.get("/")
        for _ in range(_MOST_STEPS):
            page = Page(response.text)
            if form := page.form_with("login", "password"):
                if self._posted:
                    raise self._asked_again()
                self._posted = True
                inputs = {"login": self._username, "password": self._password.reveal()}
                response = self._gateway.post(response.url, form, inputs)
            elif form := page.form_with("approval"):
                response = self._gateway.post(response.url, form, {"approval": "approve"})
            elif connectors := _connectors(page):
                response = self._gateway.get(joined(response.url, self._choose(connectors)))
            elif not self._posted and response.status_code in {401, 403} and is_sign_in(page):
                response = self._gateway.get("/oauth2/start?rd=/")
            else:
                break
        if Refusal.of(response).is_for_a_new_key:
            response = self._past_the_new_key()
        return self._cookies(response)

    def _choose(self, connectors: dict[str, str]) -> str:
        wanted = self._settings.connector
        names = _CONNECTORS if wanted is None else (wanted,)
        for name in names:
            if name in connectors:
                return connectors[name]
        known = ", ".join(connectors)
        if wanted is not None:
            raise AuthenticationError(
                f"Dex has no connector {wanted!r}: set --kf-dex-connector to one of {known}"
            )
        raise AuthenticationError(
            f"Dex has no connector local or ldap, but {known}: name one that takes a user and a "
            "password with --kf-dex-connector, or come with a token"
        )

    def _asked_again(self) -> AuthenticationError:
        """The form came again after it was filled in: by Dex at once, or after a whole login."""
        if not self._gateway.led_on:
            return PasswordRefused(
                f"Dex does not accept the password of {self._username} (or does not know this "
                "user, which it does not tell): check --kf-username and KF_PASSWORD"
            )
        fault = cookie_fault(self._session, self._gateway.responses, self._host)
        return AuthenticationError(
            f"Dex accepts the password, and the session is not kept: {fault or NOT_KEPT}"
        )

    def _past_the_new_key(self) -> requests.Response:
        """The front page again, until Istio has read Dex's new key or the time for that is over."""
        last = self._gateway.get("/")
        try:
            return wait_until(
                lambda: self._gateway.get("/"),
                lambda response: not Refusal.of(response).is_for_a_new_key,
                deadline=Deadline.after(NEW_KEY_SECONDS),
                what="Istio to read Dex's new key",
                describe=lambda response: str(Refusal.of(response)),
                longest=5.0,
            )
        except WaitTimeout:
            return last

    def _cookies(self, response: requests.Response) -> str:
        """The cookies for the gateway. Raises KubeflowError if the login led nowhere."""
        import requests
        from requests.cookies import get_cookie_header

        for cookie in self._session.cookies:
            self._redactor.add(cookie.value)
        asked = requests.Request("GET", f"{self._host}/").prepare()
        header: str | None = get_cookie_header(  # type: ignore[no-untyped-call]
            self._session.cookies, asked
        )
        path = urlsplit(response.url).path
        arrived = response.status_code < 400 and not path.startswith(_ON_THE_WAY)
        ours = not all("csrf" in one.name for one in self._session.cookies)
        if self._posted and header and arrived and ours:
            return header
        raise self._ended_at(response)

    def _ended_at(self, response: requests.Response) -> KubeflowError:
        """Why the login led nowhere, by the page that it ended at."""
        refusal = Refusal.of(response)
        fault = (
            cookie_fault(self._session, self._gateway.responses, self._host) if self._posted else ""
        )
        if fault and (refusal.status < 400 or "CSRF" in refusal.words):
            return AuthenticationError(f"the session is not kept: {fault} ({refusal})")
        if refusal.is_known:
            error = refusal.error()
            if isinstance(error, ClusterUnreachable):
                return ClusterUnreachable(f"the login at {self._host} broke off: {error.message}")
            return error
        page = Page(response.text)
        shown = (page.title if not self._posted else "") or page.text
        where = f"{refusal.path} (status {refusal.status})"
        if self._posted:
            return AuthenticationError(
                f"the login as {self._username} ended at {where}: {shown[:_LONGEST_SHOWN]}"
            )
        title = f", {shown[:_LONGEST_SHOWN]!r}" if shown else ""
        return AuthenticationError(
            f"{self._host} shows no Dex login, but {where}{title}: is --kf-auth=dex right, and "
            "--kf-host the gateway of the platform?"
        )


def _connectors(page: Page) -> dict[str, str]:
    """The links on the page that asks how to log in, by the connector's id."""
    found: dict[str, str] = {}
    for link in page.links:
        folder, _, name = urlsplit(link).path.rstrip("/").rpartition("/")
        if folder.endswith("/auth"):
            found.setdefault(name, link)
    return found
