"""Endpoints: which pods a Service leads to.

Rules: kubernetes/kubernetes pkg/controller/endpoint. Services without a selector have Endpoints
that somebody else writes; they are left alone.
"""

from __future__ import annotations

from collections import defaultdict

from pytest_kubeflow.local.controllers.controller import Controller
from pytest_kubeflow.local.controllers.podstate import is_finished, is_ready
from pytest_kubeflow.local.controllers.selector import selects
from pytest_kubeflow.local.kube import ApiError
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import Key, key_of
from pytest_kubeflow.local.kube.resources import ENDPOINTS, PODS, SERVICES

HEADLESS = "service.kubernetes.io/headless"
_Ports = tuple[tuple[str, int, str], ...]


class EndpointsController(Controller):
    """Publishes the addresses of the pods that a Service selects, ready ones and others apart."""

    name = "endpoints"

    def watch(self) -> None:
        self.services = self.enqueue_from(SERVICES)
        self.pods = self.informers[PODS]
        self.pods.on_change(self._pod_changed)
        self.endpoints = self.informers[ENDPOINTS]

    def _pod_changed(self, _kind: str, pod: Object) -> None:
        namespace = pod["metadata"]["namespace"]
        labels = pod["metadata"].get("labels") or {}
        for key, service in self.services.objects.items():
            selector = service["spec"].get("selector")
            if key[0] == namespace and selector and selects({"matchLabels": selector}, labels):
                self.queue.add(key)

    async def reconcile(self, key: Key) -> None:
        namespace, name = key
        service = self.services.get(name, namespace)
        known = self.endpoints.get(name, namespace)
        if service is None:
            if known is not None:
                await self._delete(known)
            return
        selector = service["spec"].get("selector")
        if not selector or service["metadata"].get("deletionTimestamp"):
            return
        subsets = self._subsets(service, selector)
        labels = _labels(service)
        if known is None:
            metadata = {"name": name, "namespace": namespace, "labels": labels}
            await self.client.create(ENDPOINTS, {"metadata": metadata, "subsets": subsets})
            return
        before = known["metadata"].get("labels") or {}
        if (known.get("subsets") or []) != subsets or before != labels:
            gone = dict.fromkeys(before.keys() - labels.keys())
            change = {"metadata": {"labels": {**gone, **labels}}, "subsets": subsets}
            await self.client.patch(ENDPOINTS, name, change, namespace=namespace)

    async def _delete(self, endpoints: Object) -> None:
        metadata = endpoints["metadata"]
        try:
            await self.client.delete(
                ENDPOINTS, metadata["name"], metadata["namespace"], uid=metadata["uid"]
            )
        except ApiError as error:
            if not (error.not_found or error.conflict):
                raise

    def _subsets(self, service: Object, selector: dict[str, str]) -> list[Object]:
        groups: dict[_Ports, dict[str, list[Object]]] = defaultdict(dict)
        unready_too = service["spec"].get("publishNotReadyAddresses")
        for pod in sorted(self.pods.objects.values(), key=key_of):
            metadata, status = pod["metadata"], pod.get("status") or {}
            if (
                metadata["namespace"] != service["metadata"]["namespace"]
                or not selects({"matchLabels": selector}, metadata.get("labels") or {})
                or not status.get("podIP")
                or is_finished(pod)
            ):
                continue
            serves = is_ready(pod) and not metadata.get("deletionTimestamp")
            if metadata.get("deletionTimestamp") and not unready_too:
                continue
            field = "addresses" if serves or unready_too else "notReadyAddresses"
            groups[_ports(service, pod)].setdefault(field, []).append(_address(service, pod))
        return [
            {**addresses, **({"ports": [_port(*one) for one in ports]} if ports else {})}
            for ports, addresses in sorted(groups.items())
        ]


def _ports(service: Object, pod: Object) -> _Ports:
    named = {
        port["name"]: port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or []
        if "name" in port
    }
    found = []
    for port in service["spec"].get("ports") or []:
        target = port.get("targetPort") or port["port"]
        number = named.get(target) if isinstance(target, str) else target
        if number is not None:
            found.append((port.get("name") or "", number, port.get("protocol") or "TCP"))
    return tuple(found)


def _port(name: str, number: int, protocol: str) -> Object:
    return {**({"name": name} if name else {}), "port": number, "protocol": protocol}


def _labels(service: Object) -> dict[str, str]:
    labels = service["metadata"].get("labels") or {}
    headless = service["spec"].get("clusterIP") == "None"
    return {**labels, **({HEADLESS: ""} if headless else {})}


def _address(service: Object, pod: Object) -> Object:
    metadata, host = pod["metadata"], pod["spec"].get("hostname")
    named = host and pod["spec"].get("subdomain") == service["metadata"]["name"]
    return {
        "ip": pod["status"]["podIP"],
        **({"hostname": host} if named else {}),
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
    }
