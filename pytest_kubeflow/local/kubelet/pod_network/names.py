"""ClusterNames: what a cluster's DNS server answers, for files that stand in its place.

Rules: github.com/kubernetes/dns docs/specification.md. A Service has its cluster IP; one without
(headless) has the addresses of its pods, and each pod of it that has a host name, its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pytest_kubeflow.local.kube import Informer
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import key_of

_DOMAIN = "svc.cluster.local"
Entry = tuple[str, list[str]]
"""An address and its names."""


class ClusterNames:
    """Names of Services and of the pods behind those that are headless."""

    def __init__(self, services: Informer, endpoints: Informer) -> None:
        self._services = services
        self._endpoints = endpoints

    def on_change(self, handler: Callable[[], None]) -> None:
        """Call `handler` whenever names may have others addresses."""

        def changed(_kind: str, endpoints: Object) -> None:
            service = self._services.objects.get(key_of(endpoints))
            if service is not None and is_headless(service):
                handler()

        self._services.on_change(lambda _kind, _service: handler())
        self._endpoints.on_change(changed)

    def seen_from(self, namespace: str) -> Iterator[Entry]:
        """All of them, as pods of `namespace` may call them."""
        services = self._services.objects
        addresses = {
            f"{name}.{own}.{_DOMAIN}": service["spec"].get("clusterIP")
            for (own, name), service in services.items()
            if not is_headless(service)
        }
        for (own, name), service in services.items():
            if is_headless(service):
                yield from self._headless(own, name, namespace)
                continue
            # A Service of the type ExternalName is another name for one of this cluster.
            address = service["spec"].get("clusterIP") or addresses.get(
                service["spec"].get("externalName", "")
            )
            if address:
                yield address, _names(name, own, namespace)

    def _headless(self, own: str, name: str, namespace: str) -> Iterator[Entry]:
        endpoints = self._endpoints.objects.get((own, name)) or {}
        for subset in endpoints.get("subsets") or []:
            for address in subset.get("addresses") or []:
                names = _names(name, own, namespace)
                if host := address.get("hostname"):
                    names += _names(f"{host}.{name}", own, namespace)
                yield address["ip"], names


def is_headless(service: Object) -> bool:
    return bool(service["spec"].get("clusterIP") == "None")


def _names(title: str, own: str, namespace: str) -> list[str]:
    names = [f"{title}.{own}{end}" for end in (f".{_DOMAIN}", ".svc", "")]
    return [*names, title] if own == namespace else names
