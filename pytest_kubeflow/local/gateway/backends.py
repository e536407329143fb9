"""Backends: the pods behind a Service that are ready, as the Endpoints object lists them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pytest_kubeflow.local.gateway.virtualhosts import Destination
from pytest_kubeflow.local.kube.client import Object

_Objects = Mapping[tuple[str, str], Object]


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a pod listens; `pod` is its name, where the address is a pod's."""

    host: str
    port: int
    namespace: str
    pod: str | None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


class Backends:
    """Reads Services and Endpoints; `following` takes them in turn."""

    def __init__(self, services: _Objects, endpoints: _Objects) -> None:
        self._services = services
        self._endpoints = endpoints
        self._turns: dict[Destination, itertools.count[int]] = {}

    def ready(self, destination: Destination) -> list[Backend]:
        """All that could take a request now."""
        key = (destination.namespace, destination.service)
        service, endpoints = self._services.get(key), self._endpoints.get(key)
        if service is None or endpoints is None:
            return []
        name = next(
            (
                port.get("name") or ""
                for port in service["spec"].get("ports") or []
                if port["port"] == destination.port
            ),
            None,
        )
        return [
            Backend(
                address["ip"],
                port["port"],
                destination.namespace,
                (address.get("targetRef") or {}).get("name"),
            )
            for subset in endpoints.get("subsets") or []
            for port in subset.get("ports") or []
            if (port.get("name") or "") == name
            for address in subset.get("addresses") or []
        ]

    def following(
        self, destination: Destination, refused: Collection[Backend] = ()
    ) -> Backend | None:
        """The next in turn that is not among `refused`; None if none is left."""
        found = [one for one in self.ready(destination) if one not in refused]
        if not found:
            return None
        turn = self._turns.setdefault(destination, itertools.count())
        return found[next(turn) % len(found)]
