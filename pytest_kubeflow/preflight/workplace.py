"""The namespace to work in, and what the pipelines' runs find there."""

from __future__ import annotations

from functools import partial

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.kubernetes import NAMESPACE
from pytest_kubeflow.cluster.namespace import (
    Kind,
    NamespaceChoice,
    choose_namespace,
    require_existing,
)
from pytest_kubeflow.errors import KubeflowError, NotFound, PermissionDenied
from pytest_kubeflow.k8s.client import calling
from pytest_kubeflow.k8s.profiles import ARTIFACT_SECRET, EDITOR, artifact_keys
from pytest_kubeflow.preflight import needs as need
from pytest_kubeflow.preflight.needs import Needs

PROFILE = "profile"

_RUNNER = "pipeline-runner"
"""The service account of runs in stand-alone pipelines."""

_LAUNCHER = "kfp-launcher"
"""The ConfigMap that leads a namespace's artifacts to another store."""


def check_namespace(
    cluster: KubernetesCluster, needs: Needs, checks: Checklist
) -> NamespaceChoice | None:
    """The namespace for this session; None where no test needs one. Raises KubeflowErrors."""
    if not needs.want(need.NAMESPACE) and cluster.config.kubernetes.namespace is None:
        checks.skip(NAMESPACE, "no selected test needs it")
        return None
    with checks.check(NAMESPACE) as finding:
        choice = choose_namespace(cluster)
        if choice.kind is not Kind.EXISTING:
            finding.message = f"a {choice.kind.value} of our own, {choice.reason}"
            return choice
        finding.message = f"{choice.name}, as it is ({choice.reason})"
        if cluster.kubernetes.is_configured:
            try:
                require_existing(cluster, choice)
            except PermissionDenied as error:
                finding.warn(f"{choice.name}: whether it is there cannot be seen: {error.message}")
        return choice


def check_profile(
    cluster: Cluster, choice: NamespaceChoice | None, needs: Needs, checks: Checklist
) -> None:
    """The service account and the store's keys that runs use must be in the namespace.

    Raises NotFound, with the consequence. A Profile that is still to be made is waited for then.
    """
    if choice is None or not needs.want(need.RUNS):
        checks.skip(PROFILE, "no selected test needs it")
        return
    if choice.kind is not Kind.EXISTING:
        checks.skip(PROFILE, "made with the Profile")
        return
    if not cluster.kubernetes.is_configured:
        checks.skip(PROFILE, "no access to Kubernetes")
        return
    name = str(choice.name)
    account = EDITOR if cluster.multi_user else _RUNNER
    with checks.check(PROFILE) as finding:
        missing, hidden = [], []
        for look, consequence in (
            (partial(_read_account, cluster, name, account), _no_account(cluster, account)),
            (partial(_read_keys, cluster, name), _no_keys(cluster)),
        ):
            try:
                look()
            except NotFound:
                missing.append(consequence)
            except PermissionDenied as error:
                hidden.append(error.message)
        if missing:
            raise NotFound(f"namespace {name}: {'; '.join(missing)}")
        finding.message = f"{account} and the store's keys are there"
        if hidden:
            finding.warn(f"not checked: {'; '.join(hidden)}")


def _read_account(cluster: Cluster, namespace: str, account: str) -> None:
    with calling(f"read service account {namespace}/{account}"):
        cluster.kubernetes.core.read_namespaced_service_account(account, namespace)


def _read_keys(cluster: Cluster, namespace: str) -> None:
    try:
        artifact_keys(cluster.kubernetes, namespace)
    except NotFound:
        if not _keeps_artifacts_elsewhere(cluster, namespace):
            raise


def _keeps_artifacts_elsewhere(cluster: Cluster, namespace: str) -> bool:
    """Whether the namespace's launcher has a store of its own, with credentials of its own."""
    try:
        with calling(f"read config map {namespace}/{_LAUNCHER}"):
            found = cluster.kubernetes.core.read_namespaced_config_map(_LAUNCHER, namespace)
    except KubeflowError:
        return False
    settings = found.data or {}
    root = settings.get("defaultPipelineRoot", "")
    return "providers" in settings or bool(root and not root.startswith("minio://"))


def _no_account(cluster: Cluster, account: str) -> str:
    made_by = (
        "the profile controller makes it: kubectl -n kubeflow rollout restart deployment "
        "profiles-deployment, and look at its log"
        if cluster.multi_user
        else "apply the manifests of Kubeflow Pipelines again"
    )
    return f"there is no service account {account}, so every run fails ({made_by})"


def _no_keys(cluster: Cluster) -> str:
    made_by = (
        "the pipelines' profile controller makes it: kubectl -n kubeflow rollout restart "
        "deployment kubeflow-pipelines-profile-controller, and look at its log"
        if cluster.multi_user
        else "apply the manifests of Kubeflow Pipelines again"
    )
    return (
        f"there is no Secret {ARTIFACT_SECRET} with the object store's keys, so every artifact "
        f"fails ({made_by})"
    )
