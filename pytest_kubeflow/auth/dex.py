"""The login of a person at Dex, kept as the cookies of a session, and renewed when it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pytest_kubeflow.auth.credentials import YOUNG
from pytest_kubeflow.auth.retries import repeat_login
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.signin import PasswordRefused, SignIn
from pytest_kubeflow.config.groups.gateway import GatewaySettings
from pytest_kubeflow.network_errors import network_errors
from pytest_kubeflow.redaction import Redactor, Secret

if TYPE_CHECKING:
    import requests

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
        self._refused: PasswordRefused | None = None
        self.description = f"Dex login as {username}"

    @property
    def user(self) -> str | None:
        """The user's e-mail address; of users of LDAP it is known after the login."""
        return self._email

    def headers(self) -> Mapping[str, str]:
        """The session as `Cookie`.

        Raises AuthenticationError, PermissionDenied, ClusterUnreachable. A password that was
        refused is not sent again: Dex's user federations lock accounts for that.
        """
        with self._lock:
            if self._refused is not None:
                raise self._refused
            if time.monotonic() >= self._renew_at:
                with gateway_session(self._settings) as session, network_errors(self._host):
                    try:
                        self._cookie = self._log_in(session)
                    except PasswordRefused as error:
                        self._refused = error
                        raise
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
        def log_in() -> str:
            session.cookies.clear()
            return SignIn(
                session,
                self._host,
                self._settings,
                username=self._username,
                password=self._password,
                redactor=self._redactor,
            ).cookies()

        return repeat_login(session, log_in)

    def _asked_email(self, session: requests.Session) -> str:
        """Whom oauth2-proxy takes us for; empty where it does not tell."""
        answer = session.get(f"{self._host}/oauth2/userinfo", allow_redirects=False)
        try:
            found = answer.json() if answer.status_code == 200 else {}
        except ValueError:
            return ""
        return str(found.get("email") or "") if isinstance(found, dict) else ""
