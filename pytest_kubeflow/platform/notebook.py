"""Notebook: a notebook server, by its object, or by its pod where the object was not seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.platform.backends import is_ending, labels
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import mapping, text
from pytest_kubeflow.platform.snapshot.kind import NOTEBOOKS, PODS

LABEL = "notebook-name"
"""What the notebook controller marks its pods with."""


@dataclass(frozen=True)
class Notebook:
    """One that is not being deleted. `pod` is None while it is stopped."""

    namespace: str
    name: str
    spec: Object
    """The pod's, as it was asked for; else as it is."""

    pod: Object | None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """Its page at the gateway."""
        return f"/notebook/{self.namespace}/{self.name}/"


def notebooks_of(snapshot: Snapshot) -> Iterator[Notebook]:
    """All of them, each once."""
    pods = {
        (text(pod, "metadata", "namespace"), name): pod
        for pod in snapshot.all(PODS)
        if (name := labels(pod).get(LABEL))
    }
    for one in snapshot.all(NOTEBOOKS):
        key = text(one, "metadata", "namespace"), text(one, "metadata", "name")
        pod = pods.pop(key, None)
        if not is_ending(one):
            yield Notebook(*key, mapping(one, "spec", "template", "spec"), pod)
    for key, pod in pods.items():
        if not is_ending(pod):
            yield Notebook(*key, mapping(pod, "spec"), pod)
