"""Services, endpoints and ingresses.

Wording: kubernetes/pkg/apis/core/validation, pkg/apis/discovery, pkg/apis/networking.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    MOST_LABEL,
    Cause,
    bad,
    port_number,
    required,
    shown,
    twice,
    unsupported,
)

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_AFFINITIES = ("ClientIP", "None")
_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")
_NO_ADDRESS = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def service(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    kind = spec.get("type") or "ClusterIP"
    ports = spec.get("ports") or []
    if not ports and spec.get("clusterIP") != "None" and kind != "ExternalName":
        yield required("spec.ports")
    if kind == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    names: set[str] = set()
    for at, port in enumerate(ports):
        yield from _port(f"spec.ports[{at}]", port, len(ports), names)
    if (affinity := spec.get("sessionAffinity") or "None") not in _AFFINITIES:
        yield unsupported("spec.sessionAffinity", affinity, _AFFINITIES)
    if kind not in _TYPES:
        yield unsupported("spec.type", kind, _TYPES)


def _port(field: str, port: Object, ports: int, names: set[str]) -> Iterator[Cause]:
    name, number = port.get("name") or "", port.get("port") or 0
    if ports > 1 and not name:
        yield required(f"{field}.name")
    elif len(name) > MOST_LABEL:
        yield bad(f"{field}.name", name, f"must be no more than {MOST_LABEL} characters")
    elif name and name in names:
        yield twice(f"{field}.name", name)
    names.add(name)
    yield from port_number(f"{field}.port", number)
    target = port.get("targetPort")
    if isinstance(target, int):
        yield from port_number(f"{field}.targetPort", target)
    if (protocol := port.get("protocol") or "TCP") not in _PROTOCOLS:
        yield unsupported(f"{field}.protocol", protocol, _PROTOCOLS)


def service_update(new: Object, old: Object) -> Iterator[Cause]:
    before, after = ((one["spec"].get("clusterIPs") or [])[:1] for one in (old, new))
    types = {one["spec"].get("type") for one in (old, new)}
    if before and before != after and "ExternalName" not in types:
        yield shown("spec.clusterIPs[0]", after, "may not change once set")


def endpoints(obj: Object) -> Iterator[Cause]:
    for at, subset in enumerate(obj.get("subsets") or []):
        for group in ("addresses", "notReadyAddresses"):
            for place, one in enumerate(subset.get(group) or []):
                field = f"subsets[{at}].{group}[{place}].ip"
                yield from _reachable(field, one.get("ip") or "")


def _reachable(field: str, text: str) -> Iterator[Cause]:
    # Those on loopback are refused by a real server; here that is where pods and servers are.
    address = _address(text)
    if address is None:
        yield bad(field, text, _NO_ADDRESS)
        yield bad(field, text, _NO_ADDRESS)
    elif address.is_unspecified:
        yield bad(field, text, f"may not be unspecified ({text})")
    elif address.is_link_local:
        yield bad(field, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)")
    elif address.is_multicast:
        why = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        yield bad(field, text, why)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def endpoint_slice(obj: Object) -> Iterator[Cause]:
    kind = obj.get("addressType") or ""
    if not kind:
        yield required("addressType")
    elif kind not in _ADDRESS_TYPES:
        yield unsupported("addressType", kind, _ADDRESS_TYPES)


def ingress(obj: Object) -> Iterator[Cause]:
    spec: Any = obj.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield shown("spec", spec or None, "either `defaultBackend` or `rules` must be specified")
    for at, rule in enumerate(spec.get("rules") or []):
        for place, path in enumerate((rule.get("http") or {}).get("paths") or []):
            field = f"spec.rules[{at}].http.paths[{place}]"
            kind = path.get("pathType")
            if kind is None:
                yield required(f"{field}.pathType", "pathType must be specified")
            elif kind not in _PATH_TYPES:
                yield unsupported(f"{field}.pathType", kind, _PATH_TYPES)
            if not path.get("backend"):
                yield required(f"{field}.backend")
