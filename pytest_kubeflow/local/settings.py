"""Settings of the embedded cluster's gateway: what installations of Kubeflow do differently."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

PASSWORD_VARIABLE = "KUBEFLOW_LOCAL_PASSWORD"  # noqa: S105  its name
"""In the environment: the password of Dex's own users; else that of the example installation."""


def _setting(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """How users log in. The defaults are those of the example installation.

    Where the names come from: oauth2_proxy.cfg, Dex's config.yaml and the overlays of
    common/oauth2-proxy in community-distribution.
    """

    sign_in_page: bool = _setting(
        True,
        "browsers without a login get oauth2-proxy's sign-in page; without it they go to Dex",
    )
    api_routes: bool = _setting(
        True,
        "requests to APIs without a login get 401; without it the same as browsers",
    )
    approval: bool = _setting(False, "Dex asks the user to approve the login")
    ldap: bool = _setting(False, "Dex has a second connector, `ldap`, with its own users")
    cluster_tokens: bool = _setting(
        True, "tokens of service accounts are accepted (overlay m2m-dex-and-kind), not only Dex's"
    )
    token_audience: str = _setting(
        "", "the audience that tokens of service accounts must have; without it any is accepted"
    )
    secure_cookies: bool = _setting(
        False, "cookies are for https only, although this gateway has no https"
    )
    session_seconds: int = _setting(24 * 3600, "after which a login expires")
    token_seconds: int = _setting(
        24 * 3600,
        "for which a token of a service account is valid at most "
        "(--service-account-max-token-expiration)",
    )
    clock_skew_seconds: int = _setting(
        60, "for which a token is accepted after its end, as Envoy does"
    )

    def arguments(self) -> list[str]:
        """The same as options of `python -m pytest_kubeflow.local`."""
        found = []
        for one in fields(self):
            value, name = getattr(self, one.name), one.name.replace("_", "-")
            if value != one.default:
                found.append(
                    f"--{'' if value else 'no-'}{name}"
                    if isinstance(value, bool)
                    else f"--{name}={value}"
                )
        return found
