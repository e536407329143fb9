"""The login of a person: oauth2-proxy's sign-in page, Dex's form, the session cookie.

The steps differ with the installation (sign-in page or redirect, choice of connector, approval
page), so this looks at each page and does what it asks, a bounded number of times.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from pytest_kubeflow.auth.credentials import YOUNG
from pytest_kubeflow.auth.forms import Form, Page
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.config.model import GatewaySettings
from pytest_kubeflow.errors import AuthenticationError, ClusterUnreachable
from pytest_kubeflow.reaching import reaching
from pytest_kubeflow.redaction import Redactor, Secret

if TYPE_CHECKING:
    import requests

_CONNECTORS = ("local", "ldap")
_MOST_STEPS = 8
_LONGEST_SHOWN = 200
_ON_THE_WAY = ("/dex/", "/oauth2/")
"""Pages below these are a part of the login; whoever ends there is not in."""

LIFETIME = 20 * 3600.0
"""Seconds after which we log in anew: oauth2-proxy's cookie lives 24 h and is not refreshed."""


class DexLogin:
    """Logs in when its headers are first asked for, and sends the session's cookies from then on.

    `host` is the gateway's URL.
    """

    def __init__(
        self,
        host: str,
        settings: GatewaySettings,
        *,
        username: str,
        password: Secret,
        redactor: Redactor,
    ) -> None:
        self._host = host
        self._settings = settings
        self._username = username
        self._password = password
        self._redactor = redactor
        self._lock = threading.Lock()
        self._cookie = ""
        self._email = username
        self._logged_in_at = 0.0
        self._renew_at = 0.0
        self.description = f"Dex login as {username}"

    @property
    def user(self) -> str | None:
        """The user's e-mail address; of users of LDAP it is known after the login."""
        return self._email

    def headers(self) -> Mapping[str, str]:
        """The session as `Cookie`. Raises AuthenticationError, ClusterUnreachable."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                with gateway_session(self._settings) as session, reaching(self._host):
                    self._cookie = self._log_in(session)
                    self._email = self._asked_email(session) or self._username
                self._logged_in_at = time.monotonic()
                self._renew_at = self._logged_in_at + LIFETIME
            return {"Cookie": self._cookie}

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Log in anew, unless that was done just now: the session may end before its time."""
        with self._lock:
            if refused.get("Cookie") != self._cookie:
                return True  # another thread was faster
            old = time.monotonic() >= self._logged_in_at + YOUNG
            if old:
                self._renew_at = 0.0
            return old

    def _log_in(self, session: requests.Session) -> str:
        answer = session.get(f"{self._host}/")
        posted = False
        for _ in range(_MOST_STEPS):
            page = Page(answer.text)
            if form := page.form_with("login", "password"):
                if posted:
                    raise AuthenticationError(
                        f"Dex does not accept the password of {self._username} (or does not know "
                        "this user, which it does not tell): check --kf-username and KF_PASSWORD"
                    )
                inputs = {"login": self._username, "password": self._password.reveal()}
                answer, posted = self._post(session, answer.url, form, inputs), True
            elif form := page.form_with("approval"):
                answer = self._post(session, answer.url, form, {"approval": "approve"})
            elif connectors := _connectors(page):
                chosen = self._choose(connectors)
                answer = session.get(urljoin(answer.url, chosen))
            elif not posted and answer.status_code in {401, 403} and _is_sign_in(page):
                answer = session.get(urljoin(self._host, "/oauth2/start"), params={"rd": "/"})
            else:
                break
        return self._cookies(session, answer, posted=posted)

    def _asked_email(self, session: requests.Session) -> str:
        """Whom oauth2-proxy takes us for; empty where it does not tell."""
        answer = session.get(f"{self._host}/oauth2/userinfo", allow_redirects=False)
        try:
            told = answer.json() if answer.status_code == 200 else {}
        except ValueError:
            return ""
        return str(told.get("email") or "") if isinstance(told, dict) else ""

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

    def _post(
        self, session: requests.Session, at: str, form: Form, inputs: dict[str, str]
    ) -> requests.Response:
        target = urljoin(at, form.action)
        if urlsplit(self._host).scheme == "https" and urlsplit(target).scheme != "https":
            raise AuthenticationError(
                f"the login at {self._host} wants the password over plain http "
                f"({urlsplit(target).netloc}): not sent"
            )
        return session.post(target, data={**form.inputs, **inputs})

    def _cookies(
        self, session: requests.Session, answer: requests.Response, *, posted: bool
    ) -> str:
        """The cookies for the gateway. Raises AuthenticationError if the login led nowhere."""
        import requests
        from requests.cookies import get_cookie_header

        for cookie in session.cookies:
            self._redactor.add(cookie.value)
        asked = requests.Request("GET", f"{self._host}/").prepare()
        header: str | None = get_cookie_header(  # type: ignore[no-untyped-call]
            session.cookies, asked
        )
        path = urlsplit(answer.url).path
        arrived = answer.status_code < 400 and not path.startswith(_ON_THE_WAY)
        if posted and header and arrived and not all("csrf" in one.name for one in session.cookies):
            return header
        where = f"{path} (status {answer.status_code})"
        if not posted:
            title = Page(answer.text).title[:_LONGEST_SHOWN]
            raise AuthenticationError(
                f"{self._host} shows no Dex login, but {where}{f', {title!r}' if title else ''}: "
                "is --kf-auth=dex right, and --kf-host the gateway of the platform?"
            )
        if answer.status_code < 400 and any(cookie.secure for cookie in session.cookies):
            raise AuthenticationError(
                f"the session cookie of {self._host} is for https only: "
                "use an https URL in --kf-host"
            )
        told = Page(answer.text).text[:_LONGEST_SHOWN]
        if answer.status_code >= 500:
            raise ClusterUnreachable(f"the login at {self._host} broke off at {where}: {told}")
        raise AuthenticationError(f"the login as {self._username} ended at {where}: {told}")


def _connectors(page: Page) -> dict[str, str]:
    """The links on the page that asks how to log in, by the connector's id."""
    found: dict[str, str] = {}
    for link in page.links:
        folder, _, name = urlsplit(link).path.rstrip("/").rpartition("/")
        if folder.endswith("/auth"):
            found.setdefault(name, link)
    return found


def _is_sign_in(page: Page) -> bool:
    return any(
        urlsplit(target).path.endswith("/oauth2/start")
        for target in [*(form.action for form in page.forms), *page.links]
    )
