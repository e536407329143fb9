"""RanImage: which image a container of a pod was, as its node tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.k8s.pods.run_pods import RunPods

if TYPE_CHECKING:
    from pytest_kubeflow.k8s.client import KubernetesClient


@dataclass(frozen=True, slots=True)
class RanImage:
    """`asked` is the name that the pod asks for, `image_id` what its node has taken for it."""

    pod: str
    node: str
    asked: str
    image_id: str

    @property
    def digest(self) -> str:
        """The digest in `image_id`; empty where it has none, as of images loaded by hand."""
        return self.image_id.rpartition("@")[2] if "@sha256:" in self.image_id else ""

    def __str__(self) -> str:
        return f"{self.image_id or 'nothing'} for {self.asked} (pod {self.pod} on {self.node})"


def ran_images(
    kubernetes: KubernetesClient, namespace: str, run_id: str, asked: str
) -> list[RanImage]:
    """What a run's containers were that ask for an image by this name.

    Raises KubeflowError where there are none.
    """
    pods = RunPods(kubernetes, namespace, run_id).now()
    found = [one for pod in pods for one in _of_pod(pod, asked)]
    if not found:
        raise KubeflowError(f"no pod of run {run_id} has a container of the image {asked}")
    return found


def _of_pod(pod: Any, asked: str) -> list[RanImage]:
    specs = {one.name: one.image for one in pod.spec.containers}
    return [
        RanImage(pod.metadata.name, str(pod.spec.node_name), asked, status.image_id or "")
        for status in pod.status.container_statuses or ()
        if specs.get(status.name) == asked
    ]
