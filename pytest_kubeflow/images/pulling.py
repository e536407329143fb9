"""ImagePulls: whether the nodes of a cluster pull images, tried by a pod for each."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.errors import KubeflowError, NotFound, PodFailed
from pytest_kubeflow.images.refusals import why_not_pulled
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.pods.helper_pods import HelperPods
from pytest_kubeflow.k8s.pods.lifecycle import PodLost, describe_pod, read_pod
from pytest_kubeflow.k8s.pods.start import CONTAINER_REASONS, StartWatch, container_statuses
from pytest_kubeflow.k8s.pods.template import ContainerSpec
from pytest_kubeflow.waiting import Deadline, wait_until

_AT_ONCE = 4
"""Pods at a time: nodes pull one image after another, and namespaces have quotas."""


@dataclass(frozen=True, slots=True)
class ImagePull:
    """What became of an image. `problem` is empty where `node` has it, after so many `seconds`."""

    image: str
    node: str = ""
    seconds: float = 0.0
    problem: str = ""


class ImagePulls:
    """Tries them in one namespace. `start_timeout` in seconds, as --kf-start-timeout says."""

    def __init__(
        self,
        kubernetes: KubernetesClient,
        namespace: str,
        pods: HelperPods,
        *,
        start_timeout: float,
        timeout: float,
    ) -> None:
        self._kubernetes = kubernetes
        self._namespace = namespace
        self._pods = pods
        self._start_timeout = start_timeout
        self._timeout = timeout

    def of(self, images: Iterable[str]) -> Iterator[ImagePull]:
        """Try these, some at a time; yields them in their order."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="pull") as pool:
            yield from pool.map(self._tried, images)

    def _tried(self, image: str) -> ImagePull:
        # A program that an image lacks is looked for once the image is there.
        container = ContainerSpec("pull", image, ["true"], {})
        deadline, begun = Deadline.after(self._timeout), time.monotonic()
        try:
            with self._pods.hold(
                "pull", container, volumes=(), labels={}, deadline=deadline
            ) as name:
                pod = self._wait(name, image, deadline)
                seconds = time.monotonic() - begun
        except KubeflowError as error:
            return ImagePull(image, problem=error.message)
        return ImagePull(image, str(pod.spec.node_name), seconds)

    def _wait(self, name: str, image: str, deadline: Deadline) -> Any:
        """The pod, once its node has the image. Raises PodFailed, or WaitTimeout."""
        watch = StartWatch(
            self._kubernetes,
            self._namespace,
            self._start_timeout,
            options="--kf-image-mirror, --kf-pod-image-pull-secret",
        )

        def poll() -> Any:
            try:
                return read_pod(self._kubernetes, self._namespace, name)
            except NotFound:
                raise PodLost(
                    f"pod {self._namespace}/{name} was deleted by somebody else"
                ) from None

        def pulled(pod: Any) -> bool:
            if has_image(pod):
                return True
            if pod.status.phase == "Failed":
                raise PodFailed(f"the image {image} was not tried: {describe_pod(pod)}")
            if why := watch.hopeless(pod):
                raise PodFailed(why_not_pulled(image, why.removeprefix(_begins(image))))
            return False

        return wait_until(
            poll,
            pulled,
            deadline=deadline,
            what=f"the image {image} to be pulled",
            describe=describe_pod,
        )


def _begins(image: str) -> str:
    """How `StartWatch` begins."""
    return f"the image {image!r} is not pulled: "


def has_image(pod: Any) -> bool:
    """Whether a node has pulled the image of the pod's container: what it does next is no matter.

    Containers are made once their image is there (kubernetes pkg/kubelet/kuberuntime).
    """
    for status in container_statuses(pod):
        state = status.state
        if state is None:
            continue
        if state.running or (state.terminated and status.image_id):
            return True
        if state.waiting and state.waiting.reason in CONTAINER_REASONS:
            return True
    return False
