"""The object store: it must answer, and take the keys that are used there.

One that was not found, or whose keys are not to be had, is a warning: tests that need it are
skipped, and nobody should find that out from the number of skipped tests.
"""

from __future__ import annotations

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.cluster.checklist import Checklist, Finding, State
from pytest_kubeflow.cluster.namespace import NamespaceChoice
from pytest_kubeflow.config.groups.objectstore import S3Settings
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import KubeflowError, ObjectStoreError, WaitTimeout
from pytest_kubeflow.k8s.profiles import artifact_keys
from pytest_kubeflow.objectstore.client import S3Access, translated, wait_for_store
from pytest_kubeflow.objectstore.keys import access_with
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.waiting import Deadline

STORE = "object store"

_SECONDS = 6.0
"""For a store that is just starting; a good one answers at once."""

# The store knows these keys, and they may not list buckets: those of a profile.
_KNOWN = frozenset({"AccessDenied", "AllAccessDisabled", "NotImplemented"})

_KEYS = "KF_S3_ACCESS_KEY and KF_S3_SECRET_KEY"


def check_store(config: KubeflowConfig, checks: Checklist) -> None:
    """Ask the store that was configured. Raises ObjectStoreError. Without one, do nothing yet."""
    checks.expect(STORE)
    settings = config.s3
    if settings.endpoint is None:
        return
    with checks.check(STORE) as finding:
        access = _access(config, settings, direct=False)
        # That of an embedded Kubeflow is nobody's setting.
        is_given = config.origin("s3_endpoint") != "default"
        _wait(
            access, subject=config.described("s3_endpoint") if is_given else "the pipelines' store"
        )
        if settings.access_key is None or settings.secret_key is None:
            finding.message = (
                f"{settings.endpoint} answers; its keys are in the namespace to work in"
            )
            return
        _log_in(access, check=_KEYS)
        finding.message = f"{settings.endpoint} takes our keys"


def find_store(
    cluster: KubernetesCluster, choice: NamespaceChoice | None, checks: Checklist
) -> None:
    """Look for what of the store was not configured, and ask it. Raises ObjectStoreError.

    Its keys may be in the namespace of `choice`, where that is there.
    """
    given = cluster.config.s3
    if None not in (given.endpoint, given.access_key, given.secret_key):
        return
    if any(one.check == STORE and one.state is State.FAILED for one in checks.findings):
        return
    with checks.check(STORE) as finding:
        store = cluster.store
        settings = store.settings
        if settings.endpoint is None:
            finding.warn(store.reason)
            return
        try:
            _wait(
                _access(cluster.config, settings, direct=store.is_forwarded),
                subject=store.described,
            )
        except ObjectStoreError as error:
            message = f"{error.message}; {store.trouble}" if store.trouble else error.message
            raise ObjectStoreError(message) from error
        finding.message = f"{store.described} answers"
        _check_keys(cluster, settings, choice, finding)


def _check_keys(
    cluster: KubernetesCluster,
    settings: S3Settings,
    choice: NamespaceChoice | None,
    finding: Finding,
) -> None:
    """Those that were configured, or that the namespace has."""
    if settings.access_key is not None and settings.secret_key is not None:
        _log_in(access_with(cluster, (settings.access_key, settings.secret_key)), check=_KEYS)
        finding.message = f"{cluster.store.described} takes our keys"
        return
    namespace = choice.name if choice is not None else None
    if namespace is None:
        finding.message += "; its keys come with the namespace to work in"
        return
    try:
        keys = artifact_keys(cluster.kubernetes, namespace)
    except KubeflowError as error:
        finding.warn(
            f"{finding.message}, and there are no keys for it: {error.message}; give {_KEYS}"
        )
        return
    theirs = access_with(cluster, keys)
    _log_in(theirs, check=f"the Secret of namespace {namespace}, or give {_KEYS}")
    finding.message = f"{cluster.store.described} takes the keys of the namespace {namespace}"


def _access(config: KubeflowConfig, settings: S3Settings, *, direct: bool) -> S3Access:
    return S3Access(
        str(settings.endpoint),
        settings.access_key or Secret(""),
        settings.secret_key or Secret(""),
        region=settings.region,
        ca_cert=config.gateway.ca_cert,
        insecure=config.gateway.insecure,
        direct=direct,
    )


def _wait(access: S3Access, *, subject: str) -> None:
    try:
        wait_for_store(access, Deadline.after(_SECONDS))
    except WaitTimeout as error:
        raise ObjectStoreError(
            f"{subject}: nothing answers at {access.endpoint} ({error.state})"
        ) from error


def _log_in(access: S3Access, *, check: str) -> None:
    try:
        with translated(f"log in to the object store at {access.endpoint}"):
            access.connect().list_buckets()
    except ObjectStoreError as error:
        if error.code not in _KNOWN:
            raise ObjectStoreError(f"{error.message}; check {check}") from error
