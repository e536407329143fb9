"""Getting the image of a container from a registry, with states and events as a kubelet has them.

Wording and order: kubernetes/kubernetes pkg/kubelet/images/image_manager.go, and what a kubelet
1.34 with containerd 1.6 does with images of a registry that runs beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pytest_kubeflow.local.kube import ApiError, ApiUnreachableError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.status import ContainerStatus
from pytest_kubeflow.local.kubelet.context import Backoff, Node, Pause
from pytest_kubeflow.local.kubelet.images.catalogue import Image
from pytest_kubeflow.local.kubelet.images.pullsecrets import pull_secrets
from pytest_kubeflow.local.kubelet.images.registryclient import PullError
from pytest_kubeflow.local.kubelet.images.stoppable import unless_stopped
from pytest_kubeflow.local.kubelet.images.store import PulledImage

_SHOWN_SECONDS = 1.0  # for which the error itself is the state, before the back-off is


async def pull_from_registry(
    node: Node,
    pod: Object,
    status: ContainerStatus,
    *,
    policy: str,
    changed: Callable[[], None],
    pause: Pause,
) -> Image | None:
    """Try until the image is had; None if `pause` says that the container is to stop."""
    reference, events, backoff = status.image, node.events, Backoff(10, 300)
    while True:
        here = node.pulled.find(reference)
        if here is not None and (policy != "Always" or node.fault("image-kept")):
            message = f'Container image "{reference}" already present on machine'
            events.normal(pod, "Pulled", message)
            return here.image
        if policy == "Never":
            problem = f'Container image "{reference}" is not present with pull policy of Never'
            _tell(node, pod, status, "ErrImageNeverPull", problem, event="ErrImageNeverPull")
            changed()
            if not await pause(backoff.delay()):
                return None
            continue
        began = time.monotonic()
        events.normal(pod, "Pulling", f'Pulling image "{reference}"')
        try:
            pulled = await _pulled(node, pod, reference, pause)
        except (PullError, ApiError, ApiUnreachableError) as error:
            problem = str(error)
        else:
            if pulled is None:
                return None
            took = f"{round((time.monotonic() - began) * 1000)}ms"
            message = (
                f'Successfully pulled image "{reference}" in {took} ({took} including waiting).'
            )
            events.normal(pod, "Pulled", f"{message} Image size: {pulled.size} bytes.")
            return pulled.image
        events.warning(pod, "Failed", f'Failed to pull image "{reference}": {problem}')
        _tell(node, pod, status, "ErrImagePull", problem)
        changed()
        delay = backoff.delay()
        if not await pause(min(_SHOWN_SECONDS, delay)):
            return None
        message = f'Back-off pulling image "{reference}"'
        events.normal(pod, "BackOff", message)
        _tell(node, pod, status, "ImagePullBackOff", f"{message}: ErrImagePull: {problem}")
        changed()
        if not await pause(delay - min(_SHOWN_SECONDS, delay)):
            return None


async def _pulled(node: Node, pod: Object, reference: str, pause: Pause) -> PulledImage | None:
    """The image, or None if the container is to stop before it is here."""
    if node.fault("image-pull"):
        raise PullError(f"{reference}: the fault image-pull is on: nothing is pulled")
    logins, missing = await pull_secrets(node.client, pod)
    if missing:
        message = f"Unable to retrieve some image pull secrets ({', '.join(missing)})"
        message += "; attempting to pull the image may not succeed."
        node.events.warning(pod, "FailedToRetrieveImagePullSecret", message)
    if node.fault("pull-secrets-ignored"):
        logins = []
    pulling = await unless_stopped(node.pulled.pull(reference, logins), pause)
    return None if pulling is None else pulling.result()


def _tell(
    node: Node,
    pod: Object,
    status: ContainerStatus,
    reason: str,
    problem: str,
    *,
    event: str | None = None,
) -> None:
    if event is not None:
        node.events.warning(pod, event, problem)
    node.events.warning(pod, "Failed", f"Error: {reason}")
    status.wait(reason, problem)
