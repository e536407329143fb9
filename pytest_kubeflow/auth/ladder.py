"""Which way is taken: the one that was asked for, or the first that has what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.auth.anonymous import Anonymous
from pytest_kubeflow.auth.cookie import GivenCookie
from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.demands import check_demands, demanded, demands_of, unused
from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.projected import projected_token
from pytest_kubeflow.auth.token import BearerToken, TokenFile
from pytest_kubeflow.auth.tokenrequest import TokenRequest
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.redaction import Redactor

EXAMPLE_NAMESPACE = "kubeflow-user-example-com"
"""The namespace of the user that Kubeflow's example installation makes."""

EDITOR = "default-editor"


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What is known before the login. `host` is the gateway's URL.

    `open` says that it answers without credentials, `audience` what requested tokens are for
    if nothing else was configured.
    """

    host: str
    open: bool
    audience: str | None = None


_REASONS = {
    "token": "a token was given",
    "cookie": "cookies were given",
    "dex": "a user and a password were given",
    "token-request": "a service account was given",
}


def choose(
    config: KubeflowConfig,
    gateway_state: GatewayState,
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
            gateway_state.host,
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
            audience=gateway.audience or gateway_state.audience,
            redactor=redactor,
        )

    named: dict[str, Callable[[], Credentials | None]] = {
        "token": token,
        "projected": lambda: projected_token(redactor),
        "cookie": cookie,
        "dex": dex,
        "token-request": token_request,
        "anonymous": Anonymous,
    }
    check_demands(config, kubernetes)
    if (way := demanded(config)) is not None:
        credentials = named[way]()
        if credentials is not None:
            by_name = gateway.auth != "auto"
            reason = f"--kf-auth={way}" if by_name else _REASONS[way]
            return credentials, reason + unused(demands_of(config), way)

    # Nothing was asked for: what is there decides.
    ladder: list[tuple[Callable[[], Credentials | None], str]] = [
        (token, _REASONS["token"]),
        (cookie, _REASONS["cookie"]),
        (lambda: Anonymous() if gateway_state.open else None, "it answers without a login"),
        (dex, _REASONS["dex"]),
        (lambda: projected_token(redactor), "this pod has a token for the pipelines"),
        (token_request, "nothing else was given, and there is access to Kubernetes"),
    ]
    for make, reason in ladder:
        credentials = make()
        if credentials is not None:
            return credentials, reason
    raise ConfigurationError(
        f"{gateway_state.host} wants a login: give --kf-username and KF_PASSWORD, or KF_TOKEN or "
        "--kf-token-file, or a kubeconfig"
    )
