"""The preflight: everything that must hold before the first test, checked once, one verdict.

The first thing that is wrong ends it, as an error of one line that names what to change.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from pytest_kubeflow.auth.dex import DexLogin
from pytest_kubeflow.auth.ladder import Situation, choose
from pytest_kubeflow.auth.session import gateway_session
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.probe import (
    PREFIX,
    PipelinesApi,
    check_identity,
    find_api,
    is_open,
)
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import (
    AuthenticationError,
    ClusterUnreachable,
    ConfigurationError,
    KubeflowError,
    PermissionDenied,
)
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.namespaces import require_namespace
from pytest_kubeflow.k8s.ownership import Ownership
from pytest_kubeflow.redaction import Redactor

_TIMEOUT = (5.0, 10.0)
"""Seconds to connect to Kubernetes, and for its first answer."""

API_AUDIENCE = "pipelines.kubeflow.org"
"""What tokens are for that go to ml-pipeline directly, not through the gateway."""


def connect(config: KubeflowConfig, *, ownership: Ownership, redactor: Redactor) -> Cluster:
    """Reach, log in, and check what was configured against what is there.

    Raises ConfigurationError, ClusterUnreachable, AuthenticationError or PermissionDenied.
    `config.gateway.host` must be a URL by now (for "local" see `embedded`).
    """
    if config.gateway.host is None:
        raise ConfigurationError(
            "no cluster was named: give --kf-host=URL, or --kf-host=local for an embedded Kubeflow"
        )
    gateway = config.gateway.host.removesuffix(PREFIX)
    kubernetes = KubernetesClient.from_settings(config.kubernetes)
    try:
        with gateway_session(config.gateway) as stranger:
            api = find_api(stranger, gateway)
            opened = api is not None and is_open(stranger, api)
    except ClusterUnreachable as error:
        raise ClusterUnreachable(f"{config.told('host')}: {error.message}") from error
    situation = Situation(
        host=gateway,
        open=opened,
        # Whoever answers healthz but no other request is the API itself.
        audience=API_AUDIENCE if api is not None and not opened else None,
    )
    credentials, reason = choose(config, situation, kubernetes=kubernetes, redactor=redactor)
    cluster = Cluster(
        config=config,
        gateway_url=gateway,
        kfp_api_url="",
        multi_user=False,
        credentials=credentials,
        login_reason=reason,
        kubernetes=kubernetes,
        ownership=ownership,
        redactor=redactor,
    )
    found = _enter(cluster)
    _check_kubernetes(cluster)
    return replace(cluster, kfp_api_url=found.url, multi_user=found.multi_user)


def _enter(cluster: Cluster) -> PipelinesApi:
    """Show our credentials; they must be known, and good for the configured namespace."""
    namespace = cluster.config.kubernetes.namespace
    with cluster.session() as session:
        host = urlsplit(cluster.gateway_url).netloc
        login = f"{cluster.credentials.description} ({cluster.login_reason})"
        origins = _origins(cluster.config) if isinstance(cluster.credentials, DexLogin) else ""
        try:
            found = find_api(session, cluster.gateway_url)
            if found is None:
                raise AuthenticationError("it wants another one; check --kf-auth and what it needs")
            status = check_identity(session, found, namespace or "default")
        except AuthenticationError as error:
            if namespace is not None:
                _check_namespace(cluster, namespace)  # tokens of one that is not there are refused
            raise AuthenticationError(
                f"the login at {host} fails with {login}{origins}: {error.message}"
            ) from error
        if status == 403 and namespace is not None and found.multi_user:
            _check_namespace(cluster, namespace)  # one that is not there is refused as well
            raise PermissionDenied(
                f"{cluster.config.told('namespace')}: {cluster.user or 'this user'} may not use "
                "the pipelines there"
            )
    return found


def _origins(config: KubeflowConfig) -> str:
    """Where what we log in with came from, as far as it was given."""
    told = [
        f"{name} from {config.origin(name)}"
        for name in ("username", "password")
        if config.origin(name) != "default"
    ]
    return f" ({', '.join(told)})" if told else ""


def _check_kubernetes(cluster: Cluster) -> None:
    settings = cluster.config.kubernetes
    kubernetes = cluster.kubernetes
    if not kubernetes.is_configured and settings.namespace is not None:
        return  # runs need no Kubernetes; what does will say so
    try:
        with calling("talk to Kubernetes"):
            kubernetes.version.get_code(_request_timeout=_TIMEOUT)
    except KubeflowError as error:
        asked = [name for name in ("kubeconfig", "context") if getattr(settings, name)]
        told = ", ".join(cluster.config.told(name) for name in asked) or "--kf-kubeconfig not given"
        raise type(error)(f"{told}: {error.message}") from error
    if settings.namespace is not None:
        _check_namespace(cluster, settings.namespace)
    if settings.storage_class is not None:
        try:
            known = cluster.storage_classes()
        except PermissionDenied:
            return
        if settings.storage_class not in known:
            raise ConfigurationError(
                f"{cluster.config.told('storage_class')}: this cluster has no such storage "
                f"class; those that exist: {', '.join(known) or 'none'}"
            )


def _check_namespace(cluster: Cluster, namespace: str) -> None:
    if cluster.kubernetes.is_configured:
        try:
            require_namespace(cluster.kubernetes, namespace)
        except KubeflowError as error:
            raise type(error)(f"{cluster.config.told('namespace')}: {error.message}") from error
