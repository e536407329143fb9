"""Checks: functions of a snapshot that give findings, a module for each group of faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_kubeflow.platform.checks.certificates import check_certificates
from pytest_kubeflow.platform.checks.deployment_modes import check_deployment_modes
from pytest_kubeflow.platform.checks.gateway_certificate import check_gateway_certificate
from pytest_kubeflow.platform.checks.gateways import check_gateways
from pytest_kubeflow.platform.checks.login import check_login
from pytest_kubeflow.platform.checks.mutual_tls import check_mutual_tls
from pytest_kubeflow.platform.checks.notebooks import check_notebooks
from pytest_kubeflow.platform.checks.pages import check_pages
from pytest_kubeflow.platform.checks.policies import check_policies
from pytest_kubeflow.platform.checks.storage import check_storage
from pytest_kubeflow.platform.checks.webhooks import check_webhooks
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Snapshot

Check = Callable[[Snapshot], Iterable[Finding]]

CHECKS: dict[str, Check] = {
    "storage": check_storage,
    "webhooks": check_webhooks,
    "certificates": check_certificates,
    "gateway certificate": check_gateway_certificate,
    "mutual TLS": check_mutual_tls,
    "policies": check_policies,
    "gateways": check_gateways,
    "login": check_login,
    "pages": check_pages,
    "notebooks": check_notebooks,
    "deployment modes": check_deployment_modes,
}
"""By the name of the part of the platform that each looks at."""
