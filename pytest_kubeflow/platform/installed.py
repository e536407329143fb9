"""Installed: which parts of Kubeflow a cluster has, and in which version."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.cluster.parts import PARTS, Part, repository_of, tag_of
from pytest_kubeflow.platform.snapshot import Kind, Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, text
from pytest_kubeflow.platform.snapshot.kind import DAEMON_SETS, DEPLOYMENTS, STATEFUL_SETS
from pytest_kubeflow.platform.workloads import Owner

_OF_PROJECTS = {
    "Argo Workflows": "workflow-controller",
    "Scheduled Workflows": "scheduledworkflow",
}
"""What controllers are called within their names where each project has its own: OpenShift AI."""

_KINDS: tuple[Kind, ...] = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS)


@dataclass(frozen=True, slots=True)
class Installed:
    """A workload that is a part's controller."""

    part: Part
    owner: Owner
    image: str
    """As the workload asks for it."""

    @property
    def version(self) -> str:
        """The tag of the image; "" where it has none but a digest."""
        tag = tag_of(self.image)
        return "" if tag == "latest" else tag


def saw_workloads(snapshot: Snapshot) -> bool:
    """Whether a part that is not found is not there."""
    return all(snapshot.saw(kind) for kind in _KINDS)


def installed(snapshot: Snapshot) -> tuple[Installed, ...]:
    """The controllers that the cluster has, whatever their namespaces are called."""
    return tuple(_installed(snapshot))


def _installed(snapshot: Snapshot) -> Iterator[Installed]:
    for kind in _KINDS:
        for workload in snapshot.all(kind):
            owner = Owner.of(kind, workload)
            images = list(_images(workload))
            for part in PARTS:
                image = _own(part, images)
                if image or _is_named(part, owner):
                    yield Installed(part, owner, image or next(iter(images), ""))


def _own(part: Part, images: list[str]) -> str:
    """The image that is the part's."""
    for image in images:
        repository = repository_of(image)
        if any(repository == one or repository.endswith(f"/{one}") for one in part.images):
            return image
    return ""


def _is_named(part: Part, owner: Owner) -> bool:
    """Whether a workload has the name of the part's controller: images may be of a mirror."""
    if owner.name in part.deployments:
        return owner.name != "controller" or owner.namespace == part.namespace
    if part.name == "Istio" and owner.name.startswith("istiod-"):  # of a revision: istiod-canary
        return True
    if _OF_PROJECTS.get(part.name, owner.name + "-") in owner.name:
        return True
    # release-spark-operator-controller of a chart
    return any(
        owner.namespace == part.namespace and owner.name.endswith(f"-{one}")
        for one in part.deployments
        if one != "controller"
    )


def _images(workload: Object) -> Iterator[str]:
    for container in items(workload, "spec", "template", "spec", "containers"):
        if text(container, "image"):
            yield text(container, "image")
