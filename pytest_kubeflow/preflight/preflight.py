"""All checks, side by side where one does not need the other, and one verdict."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pytest_kubeflow.cluster.checklist import Checklist, Finding, State
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.entry import CREDENTIALS, GATEWAY, PIPELINES, enter
from pytest_kubeflow.cluster.kubernetes import KUBERNETES, NAMESPACE, STORAGE, check_kubernetes
from pytest_kubeflow.cluster.network import CONNECTION, NAME, TLS
from pytest_kubeflow.cluster.versions import controller_versions, pipelines_version
from pytest_kubeflow.cluster.workspace import existing_namespace, require_existing
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ownership import Ownership
from pytest_kubeflow.preflight.rights import described, manifest, missing_rights, subject_of
from pytest_kubeflow.preflight.store import STORE, check_store
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.waiting import Deadline, bounded_by

T = TypeVar("T")

RIGHTS, COMPONENTS = "rights", "components"

MAX_OUTAGE = 5.0
"""Seconds after which Kubernetes is asked once and no more: a verdict comes within seconds."""


@dataclass(frozen=True)
class Preflight:
    """What was found. `cluster` is there if one got in, `error` is the verdict if it is unfit."""

    findings: tuple[Finding, ...]
    cluster: Cluster | None
    error: KubeflowError | None

    @property
    def fit(self) -> bool:
        """Whether tests can begin."""
        return self.error is None

    @property
    def verdict(self) -> str:
        """One sentence."""
        if self.error is not None:
            return self.error.message
        warned = [one.check for one in self.findings if one.state is State.WARNING]
        return "fit to be tested" + (f"; warnings: {', '.join(warned)}" if warned else "")


def preflight(config: KubeflowConfig, *, ownership: Ownership, redactor: Redactor) -> Preflight:
    """Check everything. What is wrong is in the result; nothing is raised for it.

    Whoever gets a cluster closes it.
    """
    with bounded_by(Deadline.after(MAX_OUTAGE)):
        return _preflight(config, ownership, redactor)


def _preflight(config: KubeflowConfig, ownership: Ownership, redactor: Redactor) -> Preflight:
    checks = Checklist()
    kubernetes = KubernetesClient.from_settings(config.kubernetes)
    with ThreadPoolExecutor(thread_name_prefix="preflight") as pool:
        way_in = pool.submit(
            copy_context().run,
            partial(enter, config, ownership=ownership, redactor=redactor, checks=_order(checks)),
        )
        others = [
            pool.submit(copy_context().run, check_kubernetes, config, kubernetes, checks),
            pool.submit(check_store, config, checks),
        ]
        error, cluster = _outcome(way_in.result)
        errors = [error, *(_outcome(one.result)[0] for one in others)]
    kubernetes.close()
    if cluster is not None and errors[1] is None and cluster.kubernetes.is_configured:
        for check in (_check_namespace, _check_components):
            errors.append(_outcome(partial(check, cluster, checks))[0])
    verdict = next((one for one in errors if one is not None), None)
    if verdict is not None and cluster is not None:
        cluster.close()
        cluster = None
    return Preflight(tuple(checks.findings), cluster, verdict)


def _order(checks: Checklist) -> Checklist:
    """The order in which the findings are shown, whichever comes first."""
    checks.expect(NAME, CONNECTION, TLS, GATEWAY, CREDENTIALS, PIPELINES)
    checks.expect(KUBERNETES, NAMESPACE, RIGHTS, STORAGE, STORE, COMPONENTS)
    return checks


def _outcome(do: Callable[[], T]) -> tuple[KubeflowError | None, T | None]:
    try:
        return None, do()
    except KubeflowError as error:
        return error, None


def _check_namespace(cluster: Cluster, checks: Checklist) -> None:
    """The namespace that nobody has named, and what we may do in it."""
    with checks.check(NAMESPACE) as finding:
        name = existing_namespace(cluster)
        if name is None:
            finding.told = f"a scratch Profile of our own, owned by {cluster.user}"
        else:
            require_existing(cluster, name)
            finding.told = f"{name}, as it is"
    with checks.check(RIGHTS) as finding:
        components = cluster.capabilities.components
        where = f"in {name}" if name else "in a new namespace"
        lacking = missing_rights(cluster.kubernetes, name, components)
        finding.told = f"all that the tests need {where}"
        if lacking:
            finding.warn(
                f"we may not, {where}: {described(lacking)}",
                fix=manifest(lacking, name, subject_of(cluster.kubernetes)),
            )


def _check_components(cluster: Cluster, checks: Checklist) -> None:
    with checks.check(COMPONENTS) as finding:
        there = cluster.capabilities.components
        finding.told = ", ".join(sorted(there))
        versions = {**_pipelines(cluster), **controller_versions(cluster)}
        if versions:
            listed = ", ".join(f"{part} {version}" for part, version in versions.items())
            finding.told = f"{finding.told} ({listed})"
        wanted = cluster.config.session.require
        if missing := [one for one in wanted if not cluster.has(one)]:
            finding.warn(
                f"{finding.told}; {cluster.config.told('require')}, "
                f"and there is no {' and no '.join(missing)}"
            )


def _pipelines(cluster: Cluster) -> dict[str, str]:
    try:
        return {"Kubeflow Pipelines": pipelines_version(cluster)}
    except (KubeflowError, ValueError):
        return {}
