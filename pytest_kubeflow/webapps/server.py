"""GatewayServer: a program in a profile that people reach through the gateway, at a path."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Self, TypeVar

from pytest_kubeflow.errors import Evidence
from pytest_kubeflow.webapps.access import ServerAccess
from pytest_kubeflow.webapps.readiness import ServerReadiness

A = TypeVar("A", bound=ServerAccess)


class GatewayServer(ABC, Generic[A]):
    """One of them, by its name. Whatever it tells is asked for when it is read."""

    readiness: ClassVar[type[ServerReadiness[Any]]]
    """How it is waited for."""

    def __init__(self, access: A, name: str) -> None:
        self._access = access
        self.name = name
        self.namespace = access.namespace

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.namespace}/{self.name})"

    @property
    @abstractmethod
    def path(self) -> str:
        """Where it is behind the gateway, without a slash at the end."""

    @property
    def url(self) -> str:
        """The same with the gateway's address, without a slash at the end."""
        return self._access.cluster.gateway_url + self.path

    def wait_ready(self, timeout: float | None = None) -> Self:
        """Wait until it responds through the gateway; returns it.

        Raises the error of its kind as soon as it is clear that it will not, PermissionDenied where
        we are not its owner, WaitTimeout; all with its pod, claims, events and logs.
        """
        self.readiness(
            f"{self.namespace}/{self.name}",
            self._look,
            self.evidence,
            start_timeout=self._access.cluster.config.session.start_timeout,
            who=self._access.cluster.credentials.description,
            listener=self._access.listener,
        ).wait(self._access.deadline(timeout))
        return self

    @abstractmethod
    def _look(self) -> Any:
        """What `readiness` looks at."""

    @abstractmethod
    def evidence(self) -> Evidence:
        """Everything that is known of it now."""
