"""Getting the image of a container, with the states and events that a pull goes through.

Wording: kubernetes/kubernetes pkg/kubelet/images/image_manager.go.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kubelet.containerstatus import ContainerStatus
from pytest_kubeflow.local.kubelet.context import Backoff, Node
from pytest_kubeflow.local.kubelet.images import Image, ImageUnknown

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

Pause = Callable[[float], Awaitable[bool]]


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
    while True:
        try:
            if node.fault("image-pull"):
                raise ImageUnknown(f"{reference}: the fault image-pull is on: nothing is pulled")
            image = node.images.resolve(reference)
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
