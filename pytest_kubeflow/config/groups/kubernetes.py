"""KubernetesSettings: how the Kubernetes API is reached and what is used there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pytest_kubeflow.config.keyvalue import KeyValue
from pytest_kubeflow.config.toleration import Toleration


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    """How the Kubernetes API is reached and what is used there."""

    kubeconfig: Path | None = None
    """None: as kubectl finds it ($KUBECONFIG, ~/.kube/config), or the pod's service account."""

    context: str | None = None
    """The context in the kubeconfig; None for its current one."""

    namespace: str | None = None
    """An existing namespace to work in; None for a scratch namespace of our own."""

    storage_class: str | None = None
    """The class of volumes that we claim; None for the cluster's default."""

    base_image: str = "python:3.11-slim"
    """The image of components and of helper pods; it has python3."""

    volume_size: str = "1Gi"
    """The size of volumes that we claim where the test names none."""

    pod_requests: tuple[KeyValue, ...] = ()
    """What containers of helper pods request, by resource; what is not named has a default."""

    pod_limits: tuple[KeyValue, ...] = ()
    """The limits of containers of helper pods; what is not named has a default."""

    pod_labels: tuple[KeyValue, ...] = ()
    """Labels of helper pods, beside our own."""

    pod_annotations: tuple[KeyValue, ...] = ()
    """Annotations of helper pods."""

    pod_tolerations: tuple[Toleration, ...] = ()
    """The taints that helper pods ignore."""

    pod_node_selector: tuple[KeyValue, ...] = ()
    """The labels of the nodes that helper pods may run on."""

    pod_image_pull_secrets: tuple[str, ...] = ()
    """The Secrets with which the image of helper pods is pulled."""

    pod_priority_class: str | None = None
    """The priority class of helper pods; None for the cluster's default."""
