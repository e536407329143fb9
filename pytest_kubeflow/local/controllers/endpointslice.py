"""EndpointSlices: the same addresses as those of Endpoints, in the form that clients read now.

Real clusters have two controllers for that, one for Services with a selector and one for Endpoints
that others write; the slices look alike. Here both follow the Endpoints.
"""

from __future__ import annotations

from typing import Any

from pytest_kubeflow.local.controllers.controller import Controller
from pytest_kubeflow.local.controllers.endpoints import HEADLESS
from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key
from pytest_kubeflow.local.kube.resources import ENDPOINT_SLICES, ENDPOINTS, SERVICES

_SERVICE = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"


class EndpointSliceController(Controller):
    """One slice for each Service, or for each group of addresses with ports of their own."""

    name = "endpointslice"
    workers = 1

    def watch(self) -> None:
        self.endpoints = self.enqueue_from(ENDPOINTS)
        self.services = self.enqueue_from(SERVICES)
        self.slices = self.informers[ENDPOINT_SLICES]

    async def reconcile(self, key: Key) -> None:
        namespace, name = key
        service, endpoints = self.services.get(name, namespace), self.endpoints.get(name, namespace)
        wanted = {}
        if service is not None and not service["metadata"].get("deletionTimestamp"):
            slices = slices_of(service, endpoints or {})
            wanted = {one["metadata"]["name"]: one for one in slices}
        known = {
            one["metadata"]["name"]: one
            for one in self.slices.objects.values()
            if one["metadata"]["namespace"] == namespace and _belongs(one, name)
        }
        for gone in known.keys() - wanted.keys():
            await self._delete(namespace, gone)
        for called, one in wanted.items():
            await self._write(one, known.get(called))

    async def _write(self, wanted: Object, known: Object | None) -> None:
        metadata = wanted["metadata"]
        if known is None:
            await self.client.create(ENDPOINT_SLICES, wanted)
            return
        change = {field: wanted[field] for field in ("endpoints", "ports")}
        if any((known.get(field) or []) != value for field, value in change.items()):
            await self.client.patch(
                ENDPOINT_SLICES, metadata["name"], change, namespace=metadata["namespace"]
            )

    async def _delete(self, namespace: str, name: str) -> None:
        try:
            await self.client.delete(ENDPOINT_SLICES, name, namespace)
        except ApiError as error:
            if not error.not_found:
                raise


def slices_of(service: Object, endpoints: Object) -> list[Object]:
    """The slices for the subsets of an Endpoints object."""
    subsets = endpoints.get("subsets") or [{}]
    return [_slice(service, number, subset) for number, subset in enumerate(subsets)]


def _slice(service: Object, number: int, subset: Object) -> Object:
    metadata = service["metadata"]
    owner = {"apiVersion": SERVICES.api_version, "kind": SERVICES.kind, "metadata": metadata}
    return {
        "apiVersion": ENDPOINT_SLICES.api_version,
        "kind": ENDPOINT_SLICES.kind,
        "metadata": {
            "name": f"{metadata['name']}-{metadata.get('uid', '')[:5]}-{number}",
            "namespace": metadata["namespace"],
            "labels": {
                _SERVICE: metadata["name"],
                _MANAGED_BY: "endpointslice-controller.k8s.io",
                **({HEADLESS: ""} if service["spec"].get("clusterIP") == "None" else {}),
            },
            "ownerReferences": [controller_reference(owner)],
        },
        "addressType": "IPv4",
        "endpoints": [
            _endpoint(address, ready=ready)
            for field, ready in (("addresses", True), ("notReadyAddresses", False))
            for address in subset.get(field) or []
        ],
        "ports": [
            {"protocol": "TCP", **port, "name": port.get("name", "")}
            for port in subset.get("ports") or []
        ],
    }


def _endpoint(address: Object, *, ready: bool) -> Object:
    made: dict[str, Any] = {
        "addresses": [address["ip"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
    }
    for field in ("nodeName", "targetRef", "hostname"):
        if address.get(field):
            made[field] = address[field]
    return made


def _belongs(one: Object, service: str) -> bool:
    labels = one["metadata"].get("labels") or {}
    return labels.get(_SERVICE) == service and _MANAGED_BY in labels
