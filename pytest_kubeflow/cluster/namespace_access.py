"""NamespaceAccess: what things of ours in one namespace are asked with."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pytest_kubeflow.cluster.base import KubernetesCluster
from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.waiting import Deadline

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
"""A label of DNS; anything else would be another path of the API, which answers 404."""


@dataclass(frozen=True)
class NamespaceAccess:
    """`timeout` is the longest wait, in seconds.

    Whoever waits for something tells `listener` its name and how far it is; None at the end.
    Raises ConfigurationError for a `namespace` that can be none.
    """

    cluster: KubernetesCluster
    namespace: str
    timeout: float
    listener: Callable[[str, str | None], None] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.namespace, str) or not _NAME.fullmatch(self.namespace):
            raise ConfigurationError(
                f"{self.namespace!r} is no name of a namespace; valid: lower-case letters, digits "
                "and dashes, beginning and ending with a letter or a digit, 63 characters at most"
            )

    def deadline(self, timeout: float | None) -> Deadline:
        """After `timeout` seconds, or the configured ones."""
        return Deadline.after(self.timeout if timeout is None else timeout)
