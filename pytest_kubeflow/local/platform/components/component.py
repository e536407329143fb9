"""A component of an installation: its Deployment, containers and Services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Port:
    """A port of a Service, and the port of the pod that it leads to."""

    name: str
    number: int
    target: int


@dataclass(frozen=True)
class Container:
    """One container; `ports` are those that are open at its pod.

    `settings` are variables that it has from the ConfigMap `config`.
    """

    name: str
    image: str
    ports: Mapping[str, int] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    config: str = ""
    settings: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Component:
    """A Deployment with its account and its Services.

    Pods of a `meshed` one have a proxy beside their containers, where there is a mesh.
    """

    name: str
    namespace: str
    account: str
    labels: Mapping[str, str]
    containers: tuple[Container, ...]
    services: Mapping[str, tuple[Port, ...]] = field(default_factory=dict)
    meshed: bool = True
    secret: str | None = None
    """The Secret with the certificate that it shows, which its pods mount."""
    certificates: str = "/tmp/k8s-webhook-server/serving-certs"  # noqa: S108 in its pod
    """Where they mount it."""

    annotations: Mapping[str, str] = field(default_factory=dict)
    """Those of its pods."""
