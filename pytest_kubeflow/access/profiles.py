"""Profiles beside ours, and what the object store keys of a profile open."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.workspace import scratch_profile
from pytest_kubeflow.errors import ObjectStoreError
from pytest_kubeflow.k8s.profiles import artifact_keys
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.objectstore.client import S3Access

_NOBODY = "nobody@pytest-kubeflow.example.com"
_BUCKET = "mlpipeline"


def profile_of_nobody(
    cluster: Cluster, *, keep: Callable[[str], bool] = lambda _: False
) -> AbstractContextManager[str]:
    """A profile of somebody who does not exist, by name; removed at the end unless `keep(name)`.

    Raises PermissionDenied where we may not make profiles.
    """
    return scratch_profile(cluster, "other", owner=_NOBODY, keep=keep)


@dataclass(frozen=True)
class ProfileKeys:
    """The object store as the holder of one profile's secret sees it."""

    namespace: str
    access: S3Access = field(repr=False)

    @classmethod
    def read(cls, cluster: Cluster, namespace: str, endpoint: str) -> ProfileKeys:
        """From the profile's secret. Raises PermissionDenied, NotFound."""
        access_key, secret_key = artifact_keys(cluster.kubernetes, namespace)
        cluster.redactor.add(access_key)
        cluster.redactor.add(secret_key)
        gateway = cluster.config.gateway
        access = S3Access(
            endpoint,
            access_key,
            secret_key,
            region=cluster.s3.region,
            ca_cert=gateway.ca_cert,
            insecure=gateway.insecure,
        )
        return cls(namespace, access)

    def scratch(self) -> Bucket:
        """A new place among the private objects of this profile."""
        unique = f"pytest-kubeflow-{uuid.uuid4().hex[:12]}"
        return Bucket(self.access, _BUCKET, f"private-artifacts/{self.namespace}/{unique}/")

    def remove(self, place: Bucket) -> None:
        """Remove what `scratch` gave. Keys that may not remove leave it behind, with a warning.

        The policy of 26.03 gives profiles Put, Get and List.
        """
        try:
            place.delete()
        except ObjectStoreError as error:
            warnings.warn(f"left behind in the object store: {error.message}", stacklevel=2)

    def at(self, place: Bucket) -> Bucket:
        """The same place, seen with these keys."""
        return Bucket(self.access, place.name, place.prefix)

    def same_as(self, other: ProfileKeys) -> bool:
        """Whether both profiles have been given the same keys."""
        ours, theirs = self.access, other.access
        return ours.access_key.reveal() == theirs.access_key.reveal()
