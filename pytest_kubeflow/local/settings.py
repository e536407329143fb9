"""Settings of the embedded cluster's front door: what installations of Kubeflow do differently."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

PASSWORD_VARIABLE = "KUBEFLOW_LOCAL_PASSWORD"  # noqa: S105  its name
"""In the environment: the password of Dex's own users; else that of the example installation."""


def _setting(default: Any, help_text: str) -> Any:
    return field(default=default, metadata={"help": help_text})


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewaySettings:
    """How one gets in. The defaults are those of the example installation.

    Where the names come from: oauth2_proxy.cfg, Dex's config.yaml and the overlays of
    common/oauth2-proxy in community-distribution.
    """

    sign_in_page: bool = _setting(
        True,
        "browsers without a session see oauth2-proxy's page first; else they go to Dex at once",
    )
    api_routes: bool = _setting(
        True,
        "requests to APIs without a session get 401; else what browsers get",
    )
    approval: bool = _setting(False, "Dex asks whether the login may be passed on")
    ldap: bool = _setting(False, "Dex has a second connector, `ldap`, with users of its own")
    cluster_tokens: bool = _setting(
        True, "tokens of service accounts are allowed (overlay m2m-dex-and-kind); else Dex's alone"
    )
    token_audience: str = _setting(
        "", "that tokens of service accounts have to be for; without it any will do"
    )
    secure_cookies: bool = _setting(False, "cookies are for https only, which this gateway is not")
    session_seconds: int = _setting(24 * 3600, "after which a login is over")
    token_seconds: int = _setting(
        24 * 3600,
        "for which a service account's token is good at most "
        "(--service-account-max-token-expiration)",
    )
    clock_skew_seconds: int = _setting(60, "for which a token is taken after its time, as by Envoy")

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
