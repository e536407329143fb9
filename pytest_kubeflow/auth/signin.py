"""SignIn: the way of a person through the login's pages, to the cookies of a session.

The steps differ with the installation (sign-in page or redirect, choice of connector, approval
page), so this looks at each page and does what it asks, a bounded number of times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_kubeflow.auth.connectors import chosen, no_connector, offered_by, taken
from pytest_kubeflow.auth.loginend import LoginEnd
from pytest_kubeflow.auth.loginwanted import is_sign_in
from pytest_kubeflow.auth.refusal import Refusal
from pytest_kubeflow.auth.sameorigin import SameOrigin, joined
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.errors import AuthenticationError, WaitTimeout
from pytest_kubeflow.html_page import HtmlPage
from pytest_kubeflow.redaction import Redactor, Secret
from pytest_kubeflow.waiting import Deadline, wait_until

if TYPE_CHECKING:
    import requests

NEW_KEY_SECONDS = 90.0
"""For how long a fresh login is refused at most: Istio reads Dex's keys again after a minute."""

_MOST_STEPS = 8
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
            page = HtmlPage(response.text)
            if form := page.form_with("login", "password"):
                if self._posted:
                    raise self._asked_again()
                self._check_connector()
                self._posted = True
                inputs = {"login": self._username, "password": self._password.reveal()}
                response = self._gateway.post(response.url, form, inputs)
            elif form := page.form_with("approval"):
                response = self._gateway.post(response.url, form, {"approval": "approve"})
            elif offered := offered_by(page):
                link = chosen(offered, self._settings.connector)
                response = self._gateway.get(joined(response.url, link))
            elif not self._posted and response.status_code in {401, 403} and is_sign_in(page):
                response = self._gateway.get("/oauth2/start?rd=/")
            else:
                break
        if Refusal.of(response).is_for_a_new_key:
            response = self._past_the_new_key()
        return self._cookies(response)

    def _asked_again(self) -> AuthenticationError:
        """The form came again after it was filled in: by Dex at once, or after a whole login."""
        if not self._gateway.led_on:
            return PasswordRefused(
                f"Dex does not accept the password of {self._username} (or does not know this "
                "user, which it does not tell): check --kf-username and KF_PASSWORD"
            )
        return self._end.not_kept()

    def _check_connector(self) -> None:
        """Raises AuthenticationError where Dex has led to another connector, its only one."""
        wanted = self._settings.connector
        found = taken(response.url for response in reversed(self._gateway.responses))
        if wanted is not None and found is not None and found != wanted:
            raise no_connector(wanted, [found])

    @property
    def _end(self) -> LoginEnd:
        return LoginEnd(self._session, self._gateway.responses, self._host)

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
        raise self._end.error(self._username, posted=self._posted, accepted=self._gateway.led_on)
