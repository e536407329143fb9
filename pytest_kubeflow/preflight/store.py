"""The object store: it must answer, and take the keys that were given for it."""

from __future__ import annotations

from pytest_kubeflow.cluster.checklist import Checklist
from pytest_kubeflow.config.model import KubeflowConfig
from pytest_kubeflow.errors import ObjectStoreError, WaitTimeout
from pytest_kubeflow.objectstore.client import S3Access, translated, wait_for_store
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.waiting import Deadline

STORE = "object store"

_SECONDS = 6.0
"""For a store that is just starting; a good one answers at once."""

# The store knows these keys, and they may not list buckets: those of a profile.
_KNOWN = frozenset({"AccessDenied", "AllAccessDisabled", "NotImplemented"})


def check_store(config: KubeflowConfig, checks: Checklist) -> None:
    """Ask it something. Raises ObjectStoreError. Without an endpoint there is nothing to ask."""
    checks.expect(STORE)
    settings = config.s3
    if settings.endpoint is None:
        return
    with checks.check(STORE) as finding:
        keys = settings.access_key, settings.secret_key
        access = S3Access(
            settings.endpoint,
            keys[0] or Secret(""),
            keys[1] or Secret(""),
            region=settings.region,
            ca_cert=config.gateway.ca_cert,
            insecure=config.gateway.insecure,
        )
        where = config.told("s3_endpoint")
        try:
            wait_for_store(access, Deadline.after(_SECONDS))
        except WaitTimeout as error:
            raise ObjectStoreError(
                f"{where}: nothing answers at {access.endpoint} ({error.state})"
            ) from error
        if None in keys:
            finding.told = f"{access.endpoint} answers; its keys are in the namespace to work in"
            return
        try:
            with translated(f"log in to the object store at {access.endpoint}"):
                access.connect(patient=False).list_buckets()
        except ObjectStoreError as error:
            if error.code not in _KNOWN:
                raise ObjectStoreError(
                    f"{error.message}; check KF_S3_ACCESS_KEY and KF_S3_SECRET_KEY"
                ) from error
        finding.told = f"{access.endpoint} takes our keys"
