"""Inventory: what is installed on a platform, as a bundle tells it.

Images are those of the platform's pods that ran when it was read, by the digests that nodes took
for them. What others run on the cluster is theirs, and told to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.platform.definition import Definition, definitions
from pytest_kubeflow.platform.installed import installed
from pytest_kubeflow.platform.place import PLATFORM
from pytest_kubeflow.platform.releases import RELEASES, minor_of
from pytest_kubeflow.platform.snapshot import Snapshot, read_snapshot
from pytest_kubeflow.platform.snapshot import kind as kinds
from pytest_kubeflow.platform.snapshot.fields import items, text

_WANTED = (
    kinds.PODS,
    kinds.DEPLOYMENTS,
    kinds.STATEFUL_SETS,
    kinds.DAEMON_SETS,
    kinds.DEFINITIONS,
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Image:
    """An image that pods ask for by `name`; `digest` is "" where no node tells one."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is there, sorted. `embedded`: it is the embedded Kubeflow, which is no platform."""

    kubernetes: str
    parts: Mapping[str, str]
    """The release of each component, by its name: "Katib": "v0.19.0"."""

    images: tuple[Image, ...]
    definitions: tuple[Definition, ...]
    embedded: bool = False

    def without_digest(self) -> list[str]:
        """Images of which no digest is told; the embedded Kubeflow shows parts that have none."""
        return [] if self.embedded else [one.name for one in self.images if not one.digest]

    def of_other_releases(self, release: str) -> list[str]:
        """Parts whose versions are of other releases of Kubeflow than this one or its patches."""
        allowed = [one for one in RELEASES if one == release or one.startswith(f"{release}.")]
        return [
            f"{part} {version}"
            for part, version in self.parts.items()
            if minor_of(version) is not None
            and (known := [RELEASES[one][part] for one in allowed if part in RELEASES[one]])
            and minor_of(version) not in [minor_of(one) for several in known for one in several]
        ]


def read_inventory(kubernetes: KubernetesClient, *, embedded: bool) -> Inventory:
    """What is installed. Raises KubeflowError if it may not be read, or only in part."""
    snapshot = read_snapshot(kubernetes, wanted=_WANTED)
    unseen = [*(f"{one.what} {one.why}" for one in snapshot.unseen), *map(str, snapshot.namespaces)]
    if unseen:
        raise KubeflowError(f"the inventory of the platform cannot be read: {unseen[0]}")
    return inventory_of(snapshot, embedded=embedded)


def inventory_of(snapshot: Snapshot, *, embedded: bool) -> Inventory:
    """The same of a cluster as it was read."""
    found = installed(snapshot)
    parts = {one.part.name: one.version or one.image for one in found}
    return Inventory(
        kubernetes=snapshot.server_version,
        parts=dict(sorted(parts.items())),
        images=tuple(_images(snapshot, PLATFORM | {one.owner.namespace for one in found})),
        definitions=definitions(snapshot),
        embedded=embedded,
    )


def _images(snapshot: Snapshot, namespaces: Collection[str]) -> Iterator[Image]:
    found: dict[str, str] = {}
    for pod in snapshot.all(kinds.PODS):
        if text(pod, "metadata", "namespace") not in namespaces:
            continue
        asked = {text(one, "name"): text(one, "image") for one in _containers(pod, "spec", "")}
        for status in _containers(pod, "status", "Statuses"):
            name = asked.get(text(status, "name")) or text(status, "image")
            if name and (text(status, "imageID") or name not in found):
                found[name] = _digest(text(status, "imageID")) or found.get(name, "")
    yield from (Image(name, digest) for name, digest in sorted(found.items()))


def _containers(pod: object, at: str, ending: str) -> Iterable[Mapping[str, object]]:
    fields = ("initContainers", "containers")
    if ending:
        fields = ("initContainerStatuses", "containerStatuses")
    return [one for field in fields for one in items(pod, at, field)]


def _digest(image_id: str) -> str:
    """Of "docker.io/library/python@sha256:..." or, for images loaded by hand, "sha256:..."."""
    found = _DIGEST.search(image_id)
    return found[0] if found else ""
