"""Images: those that the nodes cannot get."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from pytest_kubeflow.platform.catalogue.images import (
    IMAGE_NOT_PULLED,
    IMAGE_PLATFORM_MISSING,
    IMAGE_RATE_LIMITED,
)
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Fault
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import severity_at
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import text
from pytest_kubeflow.platform.workloads import (
    Container,
    Owner,
    Warnings,
    Workloads,
    containers_of,
)
from pytest_kubeflow.platform.workloads.owner import pod_name

_WAITING = frozenset(
    {
        "ErrImageNeverPull",
        "ErrImagePull",
        "ImageInspectError",
        "ImagePullBackOff",
        "InvalidImageName",
        "RegistryUnavailable",
    }
)
_CHANGEABLE = frozenset({"CronJob", "DaemonSet", "Deployment", "Pod", "ReplicaSet", "StatefulSet"})
"""Of Jobs, Workflows and the like the image cannot be changed."""

_LIMITED = re.compile(r"(?i)toomanyrequests|too many requests|pull rate limit")


def check_images(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether nodes get the images that pods ask for; a finding for each image of a workload."""
    warnings = snapshot.once(Warnings)
    for owner, pods in snapshot.once(Workloads).pods.items():
        waiting = {
            one.image: (pod, one)
            for pod in reversed(pods)
            for one in containers_of(pod)
            if one.waiting in _WAITING and not text(pod, "metadata", "deletionTimestamp")
        }
        for pod, container in waiting.values():
            yield from _finding(snapshot, warnings, owner, pod, container)


def _finding(
    snapshot: Snapshot, warnings: Warnings, owner: Owner, pod: Object, container: Container
) -> Iterator[Finding]:
    name, image = text(pod, "metadata", "name"), container.image
    said = [
        line
        for line in warnings.about("Pod", owner.namespace, name, "Failed", "InspectFailed")
        if image in line
    ]
    messages = tuple(filter(None, (container.message, *said)))
    fault = _fault(messages)
    severity = severity_at(fault, snapshot, owner.namespace, owner.name)
    if severity is not None:
        sentence, fix = _described(fault, owner, pod, container)
        yield Finding(
            fault=fault,
            component=component_of(owner.namespace, owner.name),
            severity=severity,
            sentence=sentence,
            fix=fix,
            evidence=messages[:3] or (container.waiting,),
            objects=(str(owner), pod_name(pod)),
        )


def _fault(messages: tuple[str, ...]) -> Fault:
    message = "\n".join(messages)
    if _LIMITED.search(message):
        return IMAGE_RATE_LIMITED
    if any(re.search(sign, message) for sign in IMAGE_PLATFORM_MISSING.signs):
        return IMAGE_PLATFORM_MISSING
    return IMAGE_NOT_PULLED


def _described(fault: Fault, owner: Owner, pod: Object, container: Container) -> tuple[str, str]:
    place, image = f"-n {owner.namespace}", container.image
    account = text(pod, "spec", "serviceAccountName") or "default"
    login = (
        f"kubectl {place} create secret docker-registry regcred --docker-server="
        f"{shlex.quote(_registry(image))} --docker-username=USER --docker-password=TOKEN\n"
        f"kubectl {place} patch serviceaccount {account} -p "
        '\'{"imagePullSecrets":[{"name":"regcred"}]}\''
    )
    if fault is IMAGE_RATE_LIMITED:
        return (
            f"{owner} waits for image {image}: {_registry(image)} gives out no more for now",
            login,
        )
    if fault is IMAGE_PLATFORM_MISSING:
        node = text(pod, "spec", "nodeName") or "its node"
        return (
            f"{owner} cannot run on {node}: there is no image {image} for its architecture",
            f"{_other(owner, container)}  "
            "# one for the architecture: kubectl get nodes -L kubernetes.io/arch",
        )
    if container.waiting == "InvalidImageName":
        why = "its name is not valid"
    elif container.waiting == "ErrImageNeverPull":
        why = "it is not on the node, and may not be pulled (imagePullPolicy Never)"
    else:
        why = "it cannot be pulled"
    return (
        f"{owner} waits for image {image}: {why}",
        f"{_other(owner, container)}  # one that is there; "
        f"or, if {_registry(image)} wants a login:\n{login}",
    )


def _other(owner: Owner, container: Container) -> str:
    """How another image is asked for, where that can be changed in place."""
    if owner.kind in _CHANGEABLE:
        return (
            f"kubectl -n {owner.namespace} set image {owner.target} "
            f"{shlex.quote(container.name)}=IMAGE"
        )
    return f"kubectl -n {owner.namespace} get {owner.target} -o yaml  # make it anew with an image"


def _registry(image: str) -> str:
    """The server of an image: docker.io, unless it names one."""
    first, slash, _ = image.partition("/")
    return (
        first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
    )
