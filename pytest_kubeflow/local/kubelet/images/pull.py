"""Getting the image of a container, with the states and events that a pull goes through.

Wording: kubernetes/kubernetes pkg/kubelet/images/image_manager.go.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containers.status import ContainerStatus
from pytest_kubeflow.local.kubelet.context import Backoff, Node, Pause
from pytest_kubeflow.local.kubelet.images.catalogue import Image, ImageUnknown
from pytest_kubeflow.local.kubelet.images.imageenvironments import NotMadeError
from pytest_kubeflow.local.kubelet.images.registrypull import pull_from_registry
from pytest_kubeflow.local.kubelet.images.stoppable import unless_stopped

_PART = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?{_PART}(?:/{_PART})*"
    r"(?::[\w][\w.-]{0,127})?(?:@[a-z0-9]+:[0-9a-f]{32,})?",
    re.ASCII,
)
"""Grammar: distribution/reference reference.go."""

_REGISTRIES = {
    "docker.io/mysql/limited": (
        "failed to copy: httpReadSeeker: failed open: unexpected status from GET request to "
        "https://registry-1.docker.io/v2/mysql/limited/manifests/8.4: 429 Too Many Requests: "
        "toomanyrequests: You have reached your unauthenticated pull rate limit. "
        "https://www.docker.com/increase-rate-limit"
    ),
    "ghcr.io/kubeflow/other-platform/persistence-agent": (
        "no match for platform in manifest: no matching manifest for linux/arm64/v8 in the "
        "manifest list entries: not found"
    ),
    "gcr.io/ml-pipeline/persistenceagent": (
        "failed to resolve reference "
        '"gcr.io/ml-pipeline/persistenceagent:2.0.0-alpha.7": unexpected status from HEAD '
        "request to https://gcr.io/v2/ml-pipeline/persistenceagent/manifests/2.0.0-alpha.7: "
        "403 Forbidden"
    ),
}
"""What registries answer that would have an image, if they could give it."""


async def pull(
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
    if node.pulled.name(reference) is not None:
        return await pull_from_registry(
            node, pod, status, policy=policy, changed=changed, pause=pause
        )
    while True:
        try:
            if node.fault("image-pull"):
                raise ImageUnknown(f"{reference}: the fault image-pull is on: nothing is pulled")
            image = node.images.resolve(reference)
            if not _is_here(node, image):
                status.wait("ContainerCreating")
                changed()
                if not await _fetched(node, pod, image, pause):
                    return None
                return image
        except ImageUnknown as error:
            problem = _REGISTRIES.get(split_name(reference), str(error))
        else:
            _announce(node, pod, reference, policy)
            return image
        if not _NAME.fullmatch(reference):
            problem = (
                f'Failed to apply default image tag "{reference}": couldn\'t parse image name '
                f'"{reference}": invalid reference format{_uppercase(reference)}'
            )
            events.warning(pod, "InspectFailed", problem)
            events.warning(pod, "Failed", "Error: InvalidImageName")
            status.wait("InvalidImageName", problem)
        elif policy == "Never":
            problem = f'Container image "{reference}" is not present with pull policy of Never'
            events.warning(pod, "ErrImageNeverPull", problem)
            events.warning(pod, "Failed", "Error: ErrImageNeverPull")
            status.wait("ErrImageNeverPull", problem)
        else:
            problem = f'failed to pull image "{reference}": {problem}'
            events.normal(pod, "Pulling", f'Pulling image "{reference}"')
            events.warning(pod, "Failed", f"F{problem[1:]}")
            events.warning(pod, "Failed", "Error: ErrImagePull")
            backing_off = f'Back-off pulling image "{reference}"'
            events.normal(pod, "BackOff", backing_off)
            events.warning(pod, "Failed", "Error: ImagePullBackOff")
            status.wait("ImagePullBackOff", f"{backing_off}: ErrImagePull: {problem}")
        changed()
        if not await pause(backoff.delay()):
            return None


def _is_here(node: Node, image: Image) -> bool:
    """Whether nothing has to be made for it."""
    environments = node.images.environments
    return image.environment is None or environments.images.is_made(image.environment)


async def _fetched(node: Node, pod: Object, image: Image, pause: Pause) -> bool:
    """Make what the image holds; False if the container is to stop. Raises ImageUnknown."""
    assert image.environment is not None
    reference, began = image.reference, time.monotonic()
    node.events.normal(pod, "Pulling", f'Pulling image "{reference}"')
    making = await unless_stopped(node.images.environments.images.make(image.environment), pause)
    if making is None:
        return False
    try:
        making.result()
    except (NotMadeError, OSError) as error:
        wanted = ", ".join(image.environment.requirements)
        message = f"its packages ({wanted}) cannot be installed on this node: {error}"
        raise ImageUnknown(f"{reference}: {message}") from None
    took = f"{time.monotonic() - began:.3f}s"
    text = f'Successfully pulled image "{reference}" in {took} ({took} including waiting).'
    node.events.normal(pod, "Pulled", text)
    return True


def split_name(reference: str) -> str:
    """The name of an image without its tag."""
    head, slash, last = reference.rpartition("/")
    return f"{head}{slash}{last.partition('@')[0].partition(':')[0]}"


def _uppercase(reference: str) -> str:
    """What the parser of references adds for a name with capital letters."""
    first, slash, rest = reference.partition("/")
    name = rest if slash and ("." in first or ":" in first) else reference
    name = name.partition(":")[0]
    known = name if "/" in name else f"library/{name}"
    return f": repository name ({known}) must be lowercase" if name != name.lower() else ""


def _announce(node: Node, pod: Object, reference: str, policy: str) -> None:
    if policy == "Always":
        node.events.normal(pod, "Pulling", f'Pulling image "{reference}"')
        text = f'Successfully pulled image "{reference}" in 0s (0s including waiting).'
    else:
        text = f'Container image "{reference}" already present on machine'
    node.events.normal(pod, "Pulled", text)
