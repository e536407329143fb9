"""VirtualHosts: where the gateway sends a request, by host and path.

The table comes from objects of the Kubernetes API: Ingresses of the class `istio`, and the part of
VirtualServices that KServe, Knative, Kubeflow's web apps and notebooks use (hosts, `uri` matches,
rewrites, headers of requests, timeouts, weighted destinations).
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_kubeflow.local.kube.client import Object


@dataclass(frozen=True, slots=True)
class Destination:
    """A port of a Service, and the share of requests that it gets among its like."""

    namespace: str
    service: str
    port: int
    weight: int = 100


Header = tuple[bytes, bytes]

_GATEWAY = "kubeflow/kubeflow-gateway"
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_TIME = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s)")


@dataclass(frozen=True, slots=True)
class HeaderChanges:
    """What becomes of the headers of a request: names are in lower case."""

    put: tuple[Header, ...] = ()
    added: tuple[Header, ...] = ()
    removed: frozenset[bytes] = frozenset()

    def apply(self, headers: Sequence[Header]) -> list[Header]:
        """The headers after that."""
        gone = self.removed | {name for name, _ in self.put}
        return [*(one for one in headers if one[0].lower() not in gone), *self.put, *self.added]


@dataclass(frozen=True, slots=True)
class Rule:
    """Requests for `host` (`*`: any) whose path fits go to one of the destinations.

    `exact`: the path is `path` and nothing more. `rewrite` takes the place of `path` where it is
    a prefix; None leaves the path as it is. Who has not answered after `timeout` seconds is not
    waited for; None: there is no such time.
    """

    host: str
    path: str
    destinations: tuple[Destination, ...]
    exact: bool = False
    rewrite: str | None = None
    headers: HeaderChanges = HeaderChanges()
    timeout: float | None = None

    def fits(self, path: str) -> bool:
        return path == self.path if self.exact else path.startswith(self.path)

    def rewritten(self, path: str) -> str:
        """The path as the destination sees it."""
        if self.rewrite is None:
            return path
        return self.rewrite if self.exact else self.rewrite + path[len(self.path) :]

    def destination(self) -> Destination:
        """One of the destinations, by chance and weight."""
        weights = [one.weight for one in self.destinations]
        return random.choices(self.destinations, weights)[0]  # noqa: S311 not a secret


class VirtualHosts:
    """The rules of all Ingresses and VirtualServices; `replace` them when one has changed."""

    def __init__(self) -> None:
        self._by_host: dict[str, list[Rule]] = {}
        self._services: frozenset[tuple[str, str]] = frozenset()
        self._hosts = re.compile(r"(?!)")

    def replace(self, ingresses: Iterable[Object], virtual_services: Iterable[Object]) -> None:
        by_host: dict[str, list[Rule]] = {}
        for rule in (*_of_ingresses(ingresses), *_of_virtual_services(virtual_services)):
            by_host.setdefault(rule.host, []).append(rule)
        for rules in by_host.values():
            # Sorting keeps the order of rules with equally long paths.
            rules.sort(key=lambda rule: (rule.exact, len(rule.path)), reverse=True)
        self._by_host = by_host
        self._services = frozenset(
            (one.namespace, one.service)
            for rules in by_host.values()
            for rule in rules
            for one in rule.destinations
        )

    def leads_to(self, namespace: str, service: str) -> bool:
        """Whether there are rules for a Service."""
        return (namespace, service) in self._services

    def knows(self, host: str) -> bool:
        """Whether there are rules for this very host."""
        return host in self._by_host

    def find(self, host: str, path: str) -> Rule | None:
        """The rule for a request; the one host first, then those for all."""
        for name in (host, "*"):
            for rule in self._by_host.get(name, ()):
                if rule.fits(path):
                    return rule
            if name in self._by_host and name == host:
                return None
        return None


def _of_ingresses(ingresses: Iterable[Object]) -> Iterator[Rule]:
    for ingress in ingresses:
        namespace = ingress["metadata"]["namespace"]
        for rule in ingress["spec"].get("rules") or []:
            for path in (rule.get("http") or {}).get("paths") or []:
                service = path["backend"].get("service")
                if service is None or "number" not in (service.get("port") or {}):
                    continue
                destination = Destination(namespace, service["name"], service["port"]["number"])
                yield Rule(
                    rule.get("host") or "*",
                    path.get("path") or "/",
                    (destination,),
                    exact=path.get("pathType") == "Exact",
                )


def _of_virtual_services(virtual_services: Iterable[Object]) -> Iterator[Rule]:
    for virtual_service in virtual_services:
        namespace = virtual_service["metadata"]["namespace"]
        spec = virtual_service.get("spec") or {}
        gateways = [_qualified(one, namespace) for one in spec.get("gateways") or []]
        for http in spec.get("http") or []:
            destinations = tuple(_destinations(http, namespace))
            if not destinations:
                continue
            rewrite = (http.get("rewrite") or {}).get("uri")
            headers, timeout = _header_changes(http), _seconds(http.get("timeout"))
            for host in spec.get("hosts") or []:
                if host == "*" and _GATEWAY not in gateways:
                    continue  # it is for those inside, or for another gateway
                for match in http.get("match") or [{}]:
                    uri = match.get("uri") or {"prefix": "/"}
                    wanted = (match.get("authority") or {}).get("exact", host)
                    yield Rule(
                        wanted,
                        uri.get("exact") or uri.get("prefix") or "/",
                        destinations,
                        exact="exact" in uri,
                        rewrite=rewrite,
                        headers=headers,
                        timeout=timeout,
                    )


def _qualified(gateway: str, home: str) -> str:
    """The name of a Gateway with its namespace."""
    return gateway if "/" in gateway else f"{home}/{gateway}"


def _header_changes(http: Object) -> HeaderChanges:
    described = (http.get("headers") or {}).get("request") or {}

    def listed(field: str) -> tuple[Header, ...]:
        found = (described.get(field) or {}).items()
        return tuple((name.lower().encode(), str(value).encode()) for name, value in found)

    removed = frozenset(str(one).lower().encode() for one in described.get("remove") or [])
    return HeaderChanges(listed("set"), listed("add"), removed)


def _seconds(duration: str | None) -> float | None:
    """`300s`, `1m30s`; none for 0s, which turns a timeout off."""
    parts = _TIME.findall(str(duration or ""))
    return sum(float(number) * _SECONDS[unit] for number, unit in parts) or None


def _destinations(http: Object, home: str) -> Iterator[Destination]:
    routes = http.get("route") or []
    for route in routes:
        destination = route.get("destination") or {}
        name, _, rest = str(destination.get("host", "")).partition(".")
        namespace = rest.partition(".")[0] or home
        port = (destination.get("port") or {}).get("number", 80)
        weight = route.get("weight", 100 if len(routes) == 1 else 0)
        yield Destination(namespace, name, port, weight)
