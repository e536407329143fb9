"""All checks, side by side where one does not need the other, and one verdict."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from typing import TypeVar

from pytest_kubeflow.auth.demands import check_demands
from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.checklist import Checklist, Finding, State
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.entry import CREDENTIALS, GATEWAY, PIPELINES, enter
from pytest_kubeflow.cluster.kubernetes import (
    KUBERNETES,
    NAMESPACE,
    STORAGE,
    check_kubernetes,
    kubernetes_cluster,
)
from pytest_kubeflow.cluster.namespace import namespace_to_be
from pytest_kubeflow.cluster.network import CONNECTION, NAME, TLS
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.sessions.ownership import Ownership
from pytest_kubeflow.preflight.components import COMPONENTS, TESTS, check_components, check_tests
from pytest_kubeflow.preflight.needs import (
    KEYS,
    OBJECTSTORE,
    REGISTRY,
    UNKNOWN,
    VOLUMES,
    Needs,
    wants_kubeflow,
)
from pytest_kubeflow.preflight.pipelines import METADATA, check_access, check_api, check_metadata
from pytest_kubeflow.preflight.registries import check_images, check_registry, expected
from pytest_kubeflow.preflight.rights import RIGHTS, check_rights
from pytest_kubeflow.preflight.rightstable import LOGIN
from pytest_kubeflow.preflight.store import STORE, check_store, find_store
from pytest_kubeflow.preflight.unmet_needs import UnmetNeeds
from pytest_kubeflow.preflight.workplace import PROFILE, check_namespace, check_profile
from pytest_kubeflow.redaction import Redactor
from pytest_kubeflow.retries.policy import outages_of

T = TypeVar("T")

_WAY_IN = (NAME, CONNECTION, TLS, GATEWAY, CREDENTIALS, PIPELINES)
NOT_NEEDED = "no selected test needs it"

MAX_OUTAGE = 3.0
"""Seconds for which a server may be away: the verdict comes within seconds."""


@dataclass(frozen=True)
class Preflight:
    """What was found. `cluster` is there if one got in, `error` is the verdict if it is unfit."""

    findings: tuple[Finding, ...]
    cluster: KubernetesCluster | None
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


def preflight(
    config: KubeflowConfig, *, ownership: Ownership, redactor: Redactor, needs: Needs = UNKNOWN
) -> Preflight:
    """Check what the selected tests need. What is wrong is in the result; nothing is raised for it.

    Whoever gets a cluster closes it.
    """
    with outages_of(MAX_OUTAGE):
        return _preflight(config, ownership, redactor, needs)


def _preflight(
    config: KubeflowConfig, ownership: Ownership, redactor: Redactor, needs: Needs
) -> Preflight:
    checks = Checklist()
    checks.expect(*_WAY_IN, METADATA, KUBERNETES, NAMESPACE, PROFILE, RIGHTS, STORAGE, STORE)
    checks.expect(*expected(config), COMPONENTS, TESTS)
    kubernetes = KubernetesClient.from_settings(config.kubernetes, redactor=redactor)
    if wants_kubeflow(needs, config.session.require) and config.names_cluster:
        lacking, _ = _outcome(lambda: check_demands(config, kubernetes))
        if lacking is not None:  # nothing is connected to with half a login
            _outcome(lambda: _fail(CREDENTIALS, lacking, checks))
            return Preflight(tuple(checks.findings), None, lacking)

    def way_in() -> KubernetesCluster:
        if wants_kubeflow(needs, config.session.require):
            return enter(config, ownership=ownership, redactor=redactor, checks=checks)
        for check in (*_WAY_IN, METADATA, PROFILE):
            checks.skip(check, NOT_NEEDED)
        return kubernetes_cluster(config, ownership=ownership, redactor=redactor)

    def behind() -> None:
        wants_volumes = needs.want(VOLUMES)
        check_kubernetes(config, kubernetes, checks, wants_volumes=wants_volumes)

    def store() -> None:
        if config.s3.endpoint is not None or needs.want(OBJECTSTORE, KEYS):
            check_store(config, checks)
        else:
            checks.skip(STORE, NOT_NEEDED)

    def images() -> None:
        if needs.want(REGISTRY):
            check_images(config, redactor, checks)
            check_registry(config, redactor, checks)
        else:
            for check in expected(config):
                checks.skip(check, NOT_NEEDED)

    with ThreadPoolExecutor(thread_name_prefix="preflight") as pool:
        begun = [pool.submit(copy_context().run, one) for one in (way_in, behind, store, images)]
        outcomes = [_outcome(one.result) for one in begun]
    errors = [error for error, _ in outcomes if error is not None]
    cluster = outcomes[0][1]
    if isinstance(cluster, KubernetesCluster):
        has_kubernetes = outcomes[1][0] is None
        errors += _check_cluster(cluster, needs, checks, has_kubernetes=has_kubernetes)
        if errors:
            cluster.close()
            cluster = None
    elif outcomes[1][0] is None and kubernetes.is_configured:
        apart = KubernetesCluster(
            config=config, kubernetes=kubernetes, ownership=ownership, redactor=redactor
        )
        _outcome(lambda: _check_rights_apart(apart, needs, checks))
    kubernetes.close()
    verdict = errors[0] if errors else None
    found = cluster if isinstance(cluster, KubernetesCluster) else None
    return Preflight(tuple(checks.findings), found, verdict)


def _fail(check: str, error: KubeflowError, checks: Checklist) -> None:
    with checks.check(check):
        raise error


def _check_rights_apart(cluster: KubernetesCluster, needs: Needs, checks: Checklist) -> None:
    """The rights of who did not get in: it may be the right to a login that is missing."""
    choice = namespace_to_be(cluster)
    failed = checks.failed
    login = (LOGIN,) if failed is not None and failed.check == CREDENTIALS else ()
    check_rights(cluster, choice, needs, checks, UnmetNeeds(), more=login)


def _check_cluster(
    cluster: KubernetesCluster, needs: Needs, checks: Checklist, *, has_kubernetes: bool
) -> list[KubeflowError]:
    """What is checked of a cluster that one is in. Each check is done, whatever others find."""
    errors: list[KubeflowError] = []

    def do(check: Callable[[], T]) -> T | None:
        error, value = _outcome(check)
        if error is not None:
            errors.append(error)
        return value

    kubeflow = cluster if isinstance(cluster, Cluster) else None
    if kubeflow is not None:
        do(lambda: check_api(kubeflow, checks))
    if not has_kubernetes:
        return errors
    unmet = UnmetNeeds.of_kubernetes(cluster, needs, checks)
    choice = do(lambda: check_namespace(cluster, needs, checks))
    if kubeflow is not None and not errors:
        do(lambda: check_access(kubeflow, choice, checks))
        do(lambda: check_profile(kubeflow, choice, needs, checks))
        do(lambda: check_metadata(kubeflow, needs, checks))
    if not cluster.kubernetes.is_configured:
        for check in (RIGHTS, COMPONENTS):
            checks.skip(check, "no access to Kubernetes")
    else:
        do(lambda: check_rights(cluster, choice, needs, checks, unmet))
        do(lambda: check_components(cluster, checks))
    if needs.want(OBJECTSTORE, KEYS):
        do(lambda: find_store(cluster, choice, checks))
    unmet.note_store(checks)
    unmet.note_components(cluster, needs)
    do(lambda: check_tests(cluster, needs, checks, unmet))
    return errors


def _outcome(do: Callable[[], T]) -> tuple[KubeflowError | None, T | None]:
    try:
        return None, do()
    except KubeflowError as error:
        return error, None
