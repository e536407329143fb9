"""Kubernetes behind a cluster: it must answer, and have what was configured there."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.checklist import Checklist, Finding
from pytest_kubeflow.cluster.clock import skew
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ConfigurationError, KubeflowError, PermissionDenied
from pytest_kubeflow.k8s.client import KubernetesClient, calling
from pytest_kubeflow.k8s.namespaces import require_namespace
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.k8s.storage import storage_classes
from pytest_kubeflow.redaction import Redactor

KUBERNETES, NAMESPACE, STORAGE = "Kubernetes", "namespace", "storage class"

_TIMEOUT = (3.0, 5.0)
"""Seconds to connect, and for the first answer."""


def kubernetes_cluster(
    config: KubeflowConfig, *, ownership: Ownership, redactor: Redactor
) -> KubernetesCluster:
    """The cluster by its Kubernetes API alone. Raises ConfigurationError if none was named."""
    settings = config.kubernetes
    if not (config.gateway.host or settings.kubeconfig or settings.context):
        raise ConfigurationError(
            "no cluster was named: give --kf-kubeconfig=FILE or --kf-context=NAME, or "
            "--kf-host=local for an embedded Kubeflow"
        )
    kubernetes = KubernetesClient.from_settings(settings, redactor=redactor)
    kubernetes.api_client  # noqa: B018  made now, so that what is wrong with it is told here
    ahead = clock_skew(kubernetes)
    return KubernetesCluster(
        config=config,
        kubernetes=kubernetes,
        ownership=replace(ownership, clock=lambda: time.time() - ahead),
        redactor=redactor,
    )


def clock_skew(kubernetes: KubernetesClient) -> float:
    """Seconds that this machine's clock is ahead of the API server's; 0 where it tells no time."""
    try:
        with calling("ask Kubernetes for the time"):
            answer = kubernetes.version.get_code_with_http_info(_request_timeout=_TIMEOUT)
    except KubeflowError:  # it is told where Kubernetes is checked
        return 0.0
    found = {name.lower(): value for name, value in dict(answer[2] or {}).items()}
    return skew(found.get("date", ""))


def check_kubernetes(
    config: KubeflowConfig,
    kubernetes: KubernetesClient,
    checks: Checklist,
    *,
    wants_volumes: bool = True,
) -> None:
    """Kubernetes must answer, and have the namespace and the storage class that were named."""
    settings = config.kubernetes
    checks.expect(KUBERNETES, NAMESPACE, STORAGE)
    if not kubernetes.is_configured and settings.context is None:
        return  # runs need no Kubernetes; what does will say so
    with checks.check(KUBERNETES) as finding:
        try:
            with calling("talk to Kubernetes"):
                code = kubernetes.version.get_code(_request_timeout=_TIMEOUT)
        except KubeflowError as error:
            asked = [name for name in ("kubeconfig", "context") if getattr(settings, name)]
            message = (
                ", ".join(config.described(name) for name in asked) or "--kf-kubeconfig not given"
            )
            raise type(error)(f"{message}: {error.message}") from error
        finding.message = f"{code.git_version} at {kubernetes.api_client.configuration.host}"
    if settings.namespace is not None:
        with checks.check(NAMESPACE) as finding:
            finding.message = f"{settings.namespace} is there"
            try:
                _require_namespace(config, kubernetes, settings.namespace)
            except PermissionDenied as error:
                finding.warn(f"whether it is there cannot be seen: {error.message}")
    if not wants_volumes and settings.storage_class is None:
        checks.skip(STORAGE, "no selected test needs it")
        return
    with checks.check(STORAGE) as finding:
        _check_storage(config, kubernetes, finding)


def _check_storage(config: KubeflowConfig, kubernetes: KubernetesClient, finding: Finding) -> None:
    wanted = config.kubernetes.storage_class
    try:
        known = storage_classes(kubernetes)
    except PermissionDenied as error:
        finding.warn(f"not checked: {error.message}")
        return
    listed = ", ".join(one.name for one in known) or "none"
    if wanted is not None and wanted not in {one.name for one in known}:
        raise ConfigurationError(
            f"{config.described('storage_class')}: this cluster has no such storage class; "
            f"those that exist: {listed}"
        )
    default = next((one.name for one in known if one.default), None)
    finding.message = f"{wanted or default} (of {listed})"
    if wanted is None and default is None:
        finding.warn(
            f"none is the default one (of {listed}): volumes stay Pending unless "
            "--kf-storage-class names one"
        )


def check_namespace(config: KubeflowConfig, kubernetes: KubernetesClient) -> None:
    """The namespace that was named, if one was, must be there, as far as we may see that.

    Raises KubeflowErrors.
    """
    name = config.kubernetes.namespace
    if name is not None and kubernetes.is_configured:
        with contextlib.suppress(PermissionDenied):
            _require_namespace(config, kubernetes, name)


def _require_namespace(config: KubeflowConfig, kubernetes: KubernetesClient, name: str) -> None:
    try:
        require_namespace(kubernetes, name)
    except KubeflowError as error:
        raise type(error)(f"{config.described('namespace')}: {error.message}") from error
