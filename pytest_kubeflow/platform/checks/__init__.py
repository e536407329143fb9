"""Checks: functions of a snapshot that give findings, a module for each group of faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pytest_kubeflow.platform.checks.applications.deployment_modes import check_deployment_modes
from pytest_kubeflow.platform.checks.applications.login import check_login
from pytest_kubeflow.platform.checks.applications.notebooks import check_notebooks
from pytest_kubeflow.platform.checks.applications.pages import check_pages
from pytest_kubeflow.platform.checks.applications.profiles import check_profiles
from pytest_kubeflow.platform.checks.applications.workflows import check_workflows
from pytest_kubeflow.platform.checks.cluster.claims import check_claims
from pytest_kubeflow.platform.checks.cluster.clocks import check_clocks
from pytest_kubeflow.platform.checks.cluster.definitions import check_definitions
from pytest_kubeflow.platform.checks.cluster.namespaces import check_namespaces
from pytest_kubeflow.platform.checks.cluster.nodes import check_nodes
from pytest_kubeflow.platform.checks.cluster.storage_classes import check_storage_classes
from pytest_kubeflow.platform.checks.cluster.versions import check_versions
from pytest_kubeflow.platform.checks.mesh.authority import check_mesh_authority
from pytest_kubeflow.platform.checks.mesh.certificates import check_certificates
from pytest_kubeflow.platform.checks.mesh.gateway_certificate import check_gateway_certificate
from pytest_kubeflow.platform.checks.mesh.gateways import check_gateways
from pytest_kubeflow.platform.checks.mesh.mutual_tls import check_mutual_tls
from pytest_kubeflow.platform.checks.mesh.policies import check_policies
from pytest_kubeflow.platform.checks.webhooks.webhooks import check_webhooks
from pytest_kubeflow.platform.checks.workloads.controllers import check_controllers
from pytest_kubeflow.platform.checks.workloads.crashes import check_crashes
from pytest_kubeflow.platform.checks.workloads.images import check_images
from pytest_kubeflow.platform.checks.workloads.jobs import check_jobs
from pytest_kubeflow.platform.checks.workloads.pods import check_pods
from pytest_kubeflow.platform.checks.workloads.workloads import check_workloads
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Snapshot

Check = Callable[[Snapshot], Iterable[Finding]]

CHECKS: dict[str, Check] = {
    "crashes": check_crashes,
    "pods": check_pods,
    "images": check_images,
    "workloads": check_workloads,
    "jobs": check_jobs,
    "controllers": check_controllers,
    "storage classes": check_storage_classes,
    "claims": check_claims,
    "nodes": check_nodes,
    "clocks": check_clocks,
    "profiles": check_profiles,
    "namespaces": check_namespaces,
    "definitions": check_definitions,
    "versions": check_versions,
    "workflows": check_workflows,
    "webhooks": check_webhooks,
    "certificates": check_certificates,
    "gateway certificate": check_gateway_certificate,
    "the mesh's authority": check_mesh_authority,
    "mutual TLS": check_mutual_tls,
    "policies": check_policies,
    "gateways": check_gateways,
    "login": check_login,
    "pages": check_pages,
    "notebooks": check_notebooks,
    "deployment modes": check_deployment_modes,
}
"""By the name of the part of the platform that each looks at."""
