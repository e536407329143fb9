"""Who can call the gateway of a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.access.caller_session import CallerSession
from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.token import bearer
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.redaction import Secret


@dataclass(frozen=True)
class Callers:
    """Makes them, for one cluster. None but `owner` has this session's credentials."""

    cluster: Cluster

    def owner(self) -> CallerSession:
        """Ourselves."""
        return CallerSession(
            self.cluster.credentials.description, self.cluster.gateway_url, self.cluster.session()
        )

    def anonymous(self) -> CallerSession:
        """Somebody without any credentials."""
        return self._with_headers("an unauthenticated client", {})

    def bearer(self, token: Secret, name: str) -> CallerSession:
        """The holder of a token. Raises ConfigurationError for what no header can carry."""
        self.cluster.redactor.add(token)
        return self._with_headers(name, bearer(token.reveal()))

    def log_in(
        self, password: Secret | None = None, *, username: str | None = None
    ) -> CallerSession:
        """Somebody who has just logged in at Dex; by default as this session was told to.

        Raises AuthenticationError if Dex does not let them in, ConfigurationError if this session
        was told no user or no password.
        """
        settings = self.cluster.config.gateway
        name, secret = username or settings.username, password or settings.password
        if name is None or secret is None:
            raise ConfigurationError(
                "nobody can log in: give --kf-username and KF_PASSWORD (or KF_PASSWORD_FILE)"
            )
        login = DexLogin(
            self.cluster.gateway_url,
            settings,
            username=name,
            password=secret,
            redactor=self.cluster.redactor,
        )
        return self._with_headers(login.description, dict(login.headers()))

    def _with_headers(self, name: str, headers: dict[str, str]) -> CallerSession:
        session = gateway_session(self.cluster.config.gateway)
        return CallerSession(name, self.cluster.gateway_url, session, headers)
