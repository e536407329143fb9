"""GatewaySettings: how the Kubeflow gateway is reached and who we are there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.redaction import Secret


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """How the Kubeflow gateway is reached and who we are there."""

    host: str | None = None
    """Its URL without a slash at the end, or "local"; None where no cluster was named."""

    auth: str = "auto"
    """The way to log in: auto, token, projected, dex, cookie, token-request or anonymous."""

    username: str | None = None
    """The user's e-mail address for Dex."""

    password: Secret | None = None
    """The user's password for Dex."""

    connector: str | None = None
    """The id of the connector that knows the user; None for local, or else ldap."""

    cookie: Secret | None = None
    """The cookies of a session, as in the header `Cookie`."""

    token: Secret | None = None
    """A bearer token."""

    token_file: Path | None = None
    """A file with a bearer token, read again when it changes."""

    service_account: str | None = None
    """Whose tokens are requested: "namespace/name", or "name" in the namespace to work in."""

    audience: str | None = None
    """The audience of requested tokens; None for the one that the way of access wants."""

    userid_header: str = "kubeflow-userid"
    """The header in which the gateway names the user to what is behind it."""

    userid_prefix: str | None = None
    """What stands before the user there; None where nothing does."""

    ca_cert: Path | None = None
    """The certificate authority of the gateway, PEM; None for the system's."""

    insecure: bool = False
    """True: the gateway's certificate is not verified."""
