"""Which way is taken: the one that was asked for, or the first that has what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.auth.cookie import GivenCookie
from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.projected import USUAL, VARIABLE, projected_token
from pytest_kubeflow.auth.token import BearerToken, TokenFile
from pytest_kubeflow.auth.tokenrequest import TokenRequest
from pytest_kubeflow.config.model import GatewaySettings, KubeflowConfig
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.redaction import Redactor

EXAMPLE_NAMESPACE = "kubeflow-user-example-com"
"""The namespace of the user that Kubeflow's example installation makes."""

EDITOR = "default-editor"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known before the login. `host` is the gateway's URL.

    `open` says that it answers without credentials, `audience` what requested tokens are for
    if nothing else was configured.
    """

    host: str
    open: bool
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A way that settings ask for: how messages call them, and the weight of the heaviest."""

    described: str
    weight: int


_ASKING = {
    "token": ("token", "token_file"),
    "cookie": ("cookie",),
    "dex": ("username", "dex_connector"),
    "token-request": ("service_account",),
}
"""The settings that ask for a way by themselves. (A password alone does not: whose is it?)"""

_REASONS = {
    "token": "a token was given",
    "cookie": "cookies were given",
    "dex": "a user and a password were given",
    "token-request": "a service account was given",
}


def ways_asked_for(config: KubeflowConfig) -> dict[str, Asked]:
    """The ways that were asked for by name of what they need, though not by --kf-auth."""
    found = {}
    for way, names in _ASKING.items():
        given = [name for name in names if config.is_given(name)]
        if given:
            described = " and ".join(map(config.told, given))
            found[way] = Asked(described, max(config.settings[name].weight for name in given))
    return found


def _missing_for_dex(gateway: GatewaySettings) -> Iterator[str]:
    if gateway.username is None:
        yield "--kf-username"
    if gateway.password is None:
        yield "KF_PASSWORD or KF_PASSWORD_FILE"


def _only(asked: Mapping[str, Asked]) -> str:
    """The one that counts. Raises ConfigurationError where two weigh the same."""
    heaviest = max(one.weight for one in asked.values())
    first, *others = [way for way, one in asked.items() if one.weight == heaviest]
    if others:
        raise ConfigurationError(
            f"{asked[first].described} and {asked[others[0]].described} ask for two ways to log "
            f"in: leave one out, or name it by --kf-auth={first} or --kf-auth={others[0]}"
        )
    return first


def _unused(asked: Mapping[str, Asked], way: str) -> str:
    """What was asked for as well, for the reason; empty if nothing was."""
    others = [one.described for other, one in asked.items() if other != way]
    return f"; not used: {', '.join(others)}" if others else ""


def choose(
    config: KubeflowConfig,
    situation: Situation,
    *,
    kubernetes: KubernetesClient,
    redactor: Redactor,
) -> tuple[Credentials, str]:
    """The credentials, and why these.

    A way that was asked for is taken, or it is a ConfigurationError that says what it lacks: nobody
    logs in as somebody else. So it is if nothing was asked for, and no way has what it needs.
    """
    gateway = config.gateway

    def token() -> Credentials | None:
        if gateway.token is not None:
            return BearerToken(gateway.token, origin=config.origin("token"))
        if gateway.token_file is not None:
            return TokenFile(gateway.token_file, redactor=redactor)
        return None

    def cookie() -> Credentials | None:
        if gateway.cookie is None:
            return None
        return GivenCookie(gateway.cookie, origin=config.origin("cookie"), redactor=redactor)

    def dex() -> Credentials | None:
        if gateway.username is None or gateway.password is None:
            return None
        return DexLogin(
            situation.host,
            gateway,
            username=gateway.username,
            password=gateway.password,
            redactor=redactor,
        )

    def token_request() -> Credentials | None:
        if not kubernetes.is_configured:
            return None
        home = config.kubernetes.namespace or EXAMPLE_NAMESPACE
        namespace, _, account = (gateway.service_account or EDITOR).rpartition("/")
        return TokenRequest(
            kubernetes,
            namespace=namespace or home,
            account=account,
            audience=gateway.audience or situation.audience,
            redactor=redactor,
        )

    named: dict[str, tuple[Callable[[], Credentials | None], str]] = {
        "token": (token, "KF_TOKEN or --kf-token-file"),
        "projected": (
            lambda: projected_token(redactor),
            f"a token in this pod, at ${VARIABLE} or {USUAL} (PodDefault access-ml-pipeline)",
        ),
        "cookie": (cookie, "KF_COOKIE"),
        "dex": (dex, " and ".join(_missing_for_dex(gateway))),
        "token-request": (token_request, "access to Kubernetes, by --kf-kubeconfig"),
        "anonymous": (Anonymous, "nothing"),
    }
    asked = ways_asked_for(config)
    if gateway.auth != "auto":
        make, needs = named[gateway.auth]
        credentials = make()
        if credentials is None:
            raise ConfigurationError(
                f"--kf-auth={gateway.auth} (from {config.origin('auth')}) needs {needs}"
            )
        return credentials, f"--kf-auth={gateway.auth}{_unused(asked, gateway.auth)}"
    if asked:
        way = _only(asked)
        make, needs = named[way]
        credentials = make()
        if credentials is None:
            raise ConfigurationError(f"{asked[way].described} needs {needs}")
        return credentials, f"{_REASONS[way]}{_unused(asked, way)}"

    # Nothing was asked for: what is there decides.
    ladder: list[tuple[Callable[[], Credentials | None], str]] = [
        (token, _REASONS["token"]),
        (cookie, _REASONS["cookie"]),
        (lambda: Anonymous() if situation.open else None, "it answers without a login"),
        (dex, _REASONS["dex"]),
        (lambda: projected_token(redactor), "this pod has a token for the pipelines"),
        (token_request, "nothing else was given, and there is access to Kubernetes"),
    ]
    for make, reason in ladder:
        credentials = make()
        if credentials is not None:
            return credentials, reason
    raise ConfigurationError(
        f"{situation.host} wants a login: give --kf-username and KF_PASSWORD, or KF_TOKEN or "
        "--kf-token-file, or a kubeconfig"
    )
