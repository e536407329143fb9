"""Into a cluster: find it, log in, and check what was configured against what is there.

The first thing that is wrong on the way in ends it, as an error of one line that names what to
change. A `Checklist` gets each step, for those who want to see them all.
"""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import urlsplit

from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.demands import check_demands
from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.ladder import GatewayState, choose
from pytest_kubeflow.auth.refusal import NOT_KEPT
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.auth.token import claims_of, doubts_about
from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.kubernetes import check_kubernetes, check_namespace
from pytest_kubeflow.cluster.network import CONNECTION, NAME, TLS, check_network
from pytest_kubeflow.cluster.probe import (
    PREFIX,
    LoginWanted,
    PipelinesApi,
    check_identity,
    clock_skew,
    find_api,
    is_open,
)
from pytest_kubeflow.cluster.shortcut import forward_to_gateway, located
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    ConfigurationError,
    KubeflowError,
    PermissionDenied,
)
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.redaction import Redactor

GATEWAY, CREDENTIALS, PIPELINES = "gateway", "credentials", "pipelines"

_ANOTHER = "it wants another login; check --kf-auth and what it needs"

API_AUDIENCE = "pipelines.kubeflow.org"
"""What tokens are for that go to ml-pipeline directly, not through the gateway."""

_SKEWED = 60.0
"""Seconds of difference between two clocks that begin to matter for tokens and cookies."""


def connect(config: KubeflowConfig, *, ownership: Ownership, redactor: Redactor) -> Cluster:
    """Reach, log in, and check what was configured against what is there.

    Raises ConfigurationError, ClusterUnreachable, AuthenticationError or PermissionDenied.
    A host "local" must be an URL by now (see `embedded`).
    """
    checks = Checklist()
    cluster = enter(config, ownership=ownership, redactor=redactor, checks=checks)
    try:
        check_kubernetes(config, cluster.kubernetes, checks)
    except KubeflowError:
        cluster.close()
        raise
    return cluster


def enter(
    config: KubeflowConfig, *, ownership: Ownership, redactor: Redactor, checks: Checklist
) -> Cluster:
    """The way in through the gateway, without what Kubernetes itself has to say. Raises as above.

    Without a host, but with a kubeconfig, the way to the gateway is a port-forward.
    """
    kubernetes = KubernetesClient.from_settings(config.kubernetes, redactor=redactor)
    checks.expect(NAME, CONNECTION, TLS, GATEWAY, CREDENTIALS, PIPELINES)
    if not config.names_cluster:
        raise ConfigurationError(
            "no cluster was named: give --kf-host=URL, or --kf-host=local for an embedded "
            "Kubeflow, or --kf-kubeconfig=FILE to come in by a port-forward"
        )
    check_demands(config, kubernetes)  # before anything is asked
    forward = None
    if config.gateway.host is None:
        with checks.check(NAME) as finding:
            forward = forward_to_gateway(kubernetes)
            config = located(config, forward)
            finding.message = f"--kf-host was not given: {config.origin('host')}"
    try:
        cluster = _enter(config, kubernetes, ownership, redactor, checks)
    except KubeflowError:
        if forward is not None:
            forward.close()
        raise
    return replace(cluster, forward=forward)


def _enter(
    config: KubeflowConfig,
    kubernetes: KubernetesClient,
    ownership: Ownership,
    redactor: Redactor,
    checks: Checklist,
) -> Cluster:
    gateway = str(config.gateway.host).removesuffix(PREFIX)
    try:
        if config.origin("host").startswith("port-forward"):
            for check in (CONNECTION, TLS):
                checks.skip(check, "a port of this machine")
        else:
            check_network(gateway, config.gateway, checks)
        with checks.check(GATEWAY) as finding, gateway_session(config.gateway) as stranger:
            api = find_api(stranger, gateway)
            opened = isinstance(api, PipelinesApi) and is_open(stranger, api)
            finding.message = _what_stands(api, gateway, opened=opened)
            skew = clock_skew(stranger, gateway)
            if abs(skew) >= _SKEWED:
                finding.warn(f"{finding.message}; {_clocks(skew)}")
    except (ClusterUnreachable, ConfigurationError) as error:
        raise type(error)(f"{config.described('host')}: {error.message}") from error
    situation = GatewayState(
        host=gateway,
        open=opened,
        # Whoever answers healthz but no other request is the API itself.
        audience=API_AUDIENCE if isinstance(api, PipelinesApi) and not opened else None,
    )
    with checks.check(CREDENTIALS) as finding:
        credentials, reason = choose(config, situation, kubernetes=kubernetes, redactor=redactor)
        cluster = Cluster(
            config=config,
            gateway_url=gateway,
            kfp_api_url="",
            multi_user=False,
            credentials=credentials,
            login_reason=reason,
            kubernetes=kubernetes,
            ownership=replace(ownership, clock=lambda: time.time() - skew),
            redactor=redactor,
        )
        found, allowed = _show_credentials(cluster, skew, opened=opened)
        finding.message = f"{credentials.description} ({reason})"
    with checks.check(PIPELINES) as finding:
        namespace = config.kubernetes.namespace
        if not allowed and namespace is not None and found.multi_user:
            check_namespace(config, kubernetes)  # one that is not there is refused as well
            raise PermissionDenied(
                f"{config.described('namespace')}: {credentials.user or 'this user'} may not use "
                "the pipelines there"
            )
        kind = "multi-user" if found.multi_user else "stand-alone"
        finding.message = f"Kubeflow Pipelines at {found.url}, {kind}"
    return replace(cluster, kfp_api_url=found.url, multi_user=found.multi_user)


def _what_stands(api: PipelinesApi | LoginWanted, gateway: str, *, opened: bool) -> str:
    if isinstance(api, LoginWanted):
        return "a gateway that asks for a login"
    if api.url == gateway:
        return "the pipelines API itself" + (", open to all" if opened else "")
    return "a gateway or the pipelines' UI, open to all"


def _clocks(skew: float) -> str:
    side = "ahead of" if skew > 0 else "behind"
    return f"the clock of this machine is {abs(skew):.0f} s {side} the gateway's"


def _show_credentials(cluster: Cluster, skew: float, *, opened: bool) -> tuple[PipelinesApi, bool]:
    """The API as we see it, and whether we may use it in the namespace."""
    namespace = cluster.config.kubernetes.namespace
    with cluster.session() as session:
        host = urlsplit(cluster.gateway_url).netloc
        person = isinstance(cluster.credentials, DexLogin)
        origins = _origins(cluster.config) if person else ""
        login = f"{cluster.credentials.description}: {cluster.login_reason}{origins}"
        what = f"the login at {host} failed with"
        try:
            found = find_api(session, cluster.gateway_url, logged_in=True)
            if isinstance(found, LoginWanted):
                raise found.error(NOT_KEPT if person else _ANOTHER)
            what = f"the pipelines at {host} refused"
            allowed = check_identity(session, found, namespace or "default")
        except (AuthenticationError, PermissionDenied) as error:
            if namespace is not None:
                # Tokens of one that is not there are refused.
                check_namespace(cluster.config, cluster.kubernetes)
            doubts = "" if person else _doubts(cluster.credentials, skew)
            if person and opened:
                doubts = (
                    f"{host} answers without a login; leave --kf-username out, or say "
                    "--kf-auth=anonymous"
                )
            cause = f"{doubts} ({error.message})" if doubts else error.message
            raise type(error)(f"{cause} ({what} {login})") from error
    return found, allowed


def _doubts(credentials: Credentials, skew: float) -> str:
    """Why a bearer token may have been refused, by the gateway's clock; empty if nobody knows."""
    try:
        token = credentials.headers().get("Authorization", "").removeprefix("Bearer ")
    except KubeflowError:
        return ""
    message = doubts_about(claims_of(token), skew=skew)
    if message and abs(skew) >= _SKEWED:
        return f"{message}; {_clocks(skew)}"
    return message


def _origins(config: KubeflowConfig) -> str:
    """Where what we log in with came from, as far as it was given."""
    found = [
        f"{name} from {config.origin(name)}"
        for name in ("username", "password")
        if config.origin(name) != "default"
    ]
    return f"; {', '.join(found)}" if found else ""
