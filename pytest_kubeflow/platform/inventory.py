"""PlatformInventory: what a platform runs, in a form that is kept and compared with a later one.

Versions of Kubernetes and of Kubeflow's parts, images of the workloads that belong to them, and
of each of its custom resources which versions are served and which are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pytest_kubeflow.platform.definition import definitions
from pytest_kubeflow.platform.installed import installed
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, text
from pytest_kubeflow.platform.snapshot.kind import (
    DAEMON_SETS,
    DEFINITIONS,
    DEPLOYMENTS,
    STATEFUL_SETS,
    Kind,
)

_GROUPS = ("kubeflow.org", "kserve.io", "argoproj.io", "istio.io", "knative.dev", "x-k8s.io")
"""The ends of the groups of custom resources that Kubeflow brings, or stands on."""

_NAMESPACES = (
    "kubeflow",
    "kubeflow-system",
    "istio-system",
    "knative-serving",
    "cert-manager",
    "auth",
    "oauth2-proxy",
)
"""Where a platform's own workloads are, beside those of parts that are found anywhere."""


@dataclass(frozen=True)
class PlatformInventory:
    """Of one moment. `unseen` says what could not be read."""

    kubernetes: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)
    """The version of each part: "KServe" -> "v0.15.2"."""

    images: Mapping[str, str] = field(default_factory=dict)
    """Of each container: "kubeflow/Deployment/ml-pipeline: ml-pipeline-api-server"."""

    served: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of each custom resource the versions that are served."""

    stored: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The versions in which objects of it may be in etcd (status.storedVersions)."""

    unseen: tuple[str, ...] = ()

    KINDS: ClassVar[tuple[Kind, ...]] = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, DEFINITIONS)
    """What a snapshot has to have for it."""

    @classmethod
    def of(cls, snapshot: Snapshot) -> PlatformInventory:
        """What a snapshot shows."""
        found = [one for one in definitions(snapshot) if _is_kubeflows(one.name)]
        return cls(
            kubernetes=snapshot.server_version,
            parts={one.part.name: one.version or one.image for one in installed(snapshot)},
            images=dict(_images(snapshot)),
            served={one.name: one.versions for one in found},
            stored={one.name: one.stored for one in found},
            unseen=tuple(f"{one.what}: {one.why}" for one in snapshot.unseen),
        )

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kubernetes": self.kubernetes,
            "parts": dict(self.parts),
            "images": dict(self.images),
            "served": {name: list(one) for name, one in self.served.items()},
            "stored": {name: list(one) for name, one in self.stored.items()},
            "unseen": list(self.unseen),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> PlatformInventory:
        """From what `plain` gave."""
        return cls(
            kubernetes=str(plain.get("kubernetes", "")),
            parts=dict(plain.get("parts", {})),
            images=dict(plain.get("images", {})),
            served={name: tuple(one) for name, one in plain.get("served", {}).items()},
            stored={name: tuple(one) for name, one in plain.get("stored", {}).items()},
            unseen=tuple(plain.get("unseen", ())),
        )

    def unmigrated(self) -> list[str]:
        """Custom resources of which objects may still be stored in an older version, a line each.

        Until they are written anew, the definition has to keep that version:
        https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
        """
        return [
            f"{name}: objects may be stored as {', '.join(stored)} (status.storedVersions): "
            "migrate them before a release that leaves one of these out"
            for name, stored in sorted(self.stored.items())
            if len(stored) > 1
        ]

    def lost_since(self, before: PlatformInventory) -> list[str]:
        """Custom resources that were there before and are not any more: their objects went, too."""
        return [
            f"{name} was there before, and is not now: with its definition its objects were removed"
            for name in sorted(before.served.keys() - self.served.keys())
        ]

    def changes_since(self, before: PlatformInventory) -> list[str]:
        """What is another than before, for people, a line each."""
        lines = []
        if self.kubernetes != before.kubernetes:
            lines.append(f"Kubernetes: {before.kubernetes} -> {self.kubernetes}")
        for what, one, other in (
            ("", before.parts, self.parts),
            ("image of ", before.images, self.images),
            ("stored versions of ", _joined(before.stored), _joined(self.stored)),
            ("served versions of ", _joined(before.served), _joined(self.served)),
        ):
            lines += [
                f"{what}{name}: {one.get(name) or 'none'} -> {other.get(name) or 'none'}"
                for name in sorted(one.keys() | other.keys())
                if one.get(name) != other.get(name)
            ]
        return lines


def _joined(versions: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    return {name: ", ".join(one) for name, one in versions.items()}


def _is_kubeflows(name: str) -> bool:
    group = name.partition(".")[2]
    return any(group == one or group.endswith(f".{one}") for one in _GROUPS)


def _images(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    parts = {(one.owner.namespace, one.owner.name) for one in installed(snapshot)}
    for kind in (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS):
        for workload in snapshot.all(kind):
            namespace, name = (text(workload, "metadata", key) for key in ("namespace", "name"))
            if namespace not in _NAMESPACES and (namespace, name) not in parts:
                continue
            for container in items(workload, "spec", "template", "spec", "containers"):
                where = f"{namespace}/{kind.name}/{name}: {text(container, 'name')}"
                yield where, text(container, "image")
