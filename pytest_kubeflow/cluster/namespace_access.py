"""NamespaceAccess: what things of ours in one namespace are asked with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.waiting import Deadline


@dataclass(frozen=True)
class NamespaceAccess:
    """`timeout` is the longest wait, in seconds.

    Whoever waits for something tells `onlooker` its name and how far it is; None at the end.
    """

    cluster: KubernetesCluster
    namespace: str
    timeout: float
    onlooker: Callable[[str, str | None], None] | None = None

    def deadline(self, timeout: float | None) -> Deadline:
        """After `timeout` seconds, or the configured ones."""
        return Deadline.after(self.timeout if timeout is None else timeout)
