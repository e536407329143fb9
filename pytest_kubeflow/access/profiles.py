"""Profiles beside ours, and what the object store keys of a profile open."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property

from pytest_kubeflow.cluster.artifacts import BUCKET
from pytest_kubeflow.cluster.cluster import Cluster
from pytest_kubeflow.cluster.housekeeping import Housekeeping
from pytest_kubeflow.cluster.workspace import scratch_profile
from pytest_kubeflow.errors import ObjectStoreError
from pytest_kubeflow.k8s.profiles import artifact_keys
from pytest_kubeflow.k8s.sessions.ownership import LIFETIME, Ownership
from pytest_kubeflow.objectstore.bucket import Bucket
from pytest_kubeflow.objectstore.client import S3Access
from pytest_kubeflow.objectstore.keys import access_with
from pytest_kubeflow.objectstore.scratch import ScratchSpace

_NOBODY = "nobody@pytest-kubeflow.example.com"


def profile_of_nobody(
    cluster: Cluster, house: Housekeeping | None = None
) -> AbstractContextManager[str]:
    """A profile of somebody who does not exist, by name; removed at the end unless it is kept.

    Raises PermissionDenied where we may not make profiles.
    """
    return scratch_profile(cluster, "other", owner=_NOBODY, house=house or Housekeeping())


@dataclass(frozen=True)
class ProfileKeys:
    """The object store as the holder of one profile's secret sees it."""

    namespace: str
    access: S3Access = field(repr=False)
    ownership: Ownership = field(repr=False)

    @classmethod
    def read(cls, cluster: Cluster, namespace: str) -> ProfileKeys:
        """From the profile's secret. Raises PermissionDenied, NotFound."""
        access = access_with(cluster, artifact_keys(cluster.kubernetes, namespace))
        return cls(namespace, access, cluster.ownership)

    @cached_property
    def _space(self) -> ScratchSpace:
        private = f"private-artifacts/{self.namespace}/"
        return ScratchSpace(self.access, BUCKET, [private], ownership=self.ownership)

    def scratch(self) -> Bucket:
        """A new place among the private objects of this profile."""
        return self._space.make()

    def remove(self, place: Bucket) -> None:
        """Remove what `scratch` gave. Keys that may not remove leave it behind, with a warning.

        The policy of 26.03 gives profiles Put, Get and List.
        """
        try:
            place.delete()
            self._space.close(keep_for=LIFETIME)
        except ObjectStoreError as error:
            warnings.warn(f"left behind in the object store: {error.message}", stacklevel=2)

    def at(self, place: Bucket) -> Bucket:
        """The same place, seen with these keys."""
        return Bucket(self.access, place.name, place.prefix)

    def same_as(self, other: ProfileKeys) -> bool:
        """Whether both profiles have been given the same keys."""
        ours, theirs = self.access, other.access
        return ours.access_key.reveal() == theirs.access_key.reveal()
