"""ServerAccess: what the servers of one namespace, and their web app, are asked with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.waiting import Deadline

if TYPE_CHECKING:
    import requests


@dataclass(frozen=True)
class ServerAccess:
    """`timeout` is the longest wait, in seconds.

    Whoever waits for a server tells `onlooker` its name and what it waits for; None at the end.
    """

    cluster: Cluster
    namespace: str
    timeout: float
    onlooker: Callable[[str, str | None], None] | None = None

    @cached_property
    def session(self) -> requests.Session:
        """Requests to the gateway, as us."""
        return self.cluster.session()

    @cached_property
    def hasty_session(self) -> requests.Session:
        """The same, each asked once: while a server starts, each answer counts."""
        return self.cluster.session(patient=False)

    def deadline(self, timeout: float | None) -> Deadline:
        """After `timeout` seconds, or the configured ones."""
        return Deadline.after(self.timeout if timeout is None else timeout)
