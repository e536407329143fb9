"""Resources: the volumes and buckets that were made for one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from pytest_kubeflow.errors import NotFound
from pytest_kubeflow.k8s.volumes.volume import Volume
from pytest_kubeflow.objectstore.bucket import Bucket

T = TypeVar("T")


@dataclass(frozen=True)
class Resources:
    """What was made for one run, by the name of the argument."""

    volumes: Mapping[str, Volume] = field(default_factory=dict)
    buckets: Mapping[str, Bucket] = field(default_factory=dict)

    def volume(self, argument: str) -> Volume:
        """The volume that was made for `argument`. Raises NotFound."""
        return _of(self.volumes, argument, "SeededVolume")

    def bucket(self, argument: str) -> Bucket:
        """The bucket that was made for `argument`. Raises NotFound."""
        return _of(self.buckets, argument, "ScratchBucket")


def _of(resources: Mapping[str, T], argument: str, kind: str) -> T:
    if argument not in resources:
        there = ", ".join(resources) or "none"
        raise NotFound(f"no {kind} was made for an argument {argument!r}; there are: {there}")
    return resources[argument]
