"""Gateways: whether Kubeflow's is the one that is asked, and has an address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_kubeflow.platform.age import is_young
from pytest_kubeflow.platform.backends import is_ending, labels, pods_of
from pytest_kubeflow.platform.catalogue.mesh import GATEWAY_SHADOWED, LOAD_BALANCER_PENDING
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import PLATFORM, is_ours
from pytest_kubeflow.platform.routes import GATEWAY
from pytest_kubeflow.platform.selectors import is_within
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, name_of, number, pairs, text, texts
from pytest_kubeflow.platform.snapshot.kind import GATEWAYS, SERVICES, VIRTUAL_SERVICES
from pytest_kubeflow.platform.snapshot.observations import GatewayPage

_ISTIO = "istio"
_OK = 200
_OF_TLS = frozenset({"HTTPS", "TLS"})


def check_gateways(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether requests reach Kubeflow's Gateway."""
    for service in snapshot.all(SERVICES):
        yield from _pending(snapshot, service)
    namespace, _, name = GATEWAY.partition("/")
    ours = snapshot.named(GATEWAYS, name, namespace)
    if ours is None:
        return
    for other in snapshot.all(GATEWAYS):
        if other is not ours and pairs(other, "spec", "selector").items() and _share(ours, other):
            yield from _shadow(snapshot, ours, other)


def _pending(snapshot: Snapshot, service: Object) -> Iterator[Finding]:
    if text(service, "spec", "type") != "LoadBalancer" or is_young(snapshot, service):
        return
    if items(service, "status", "loadBalancer", "ingress") or is_ending(service):
        return
    if texts(service, "spec", "externalIPs"):
        return
    namespace, name = (text(service, "metadata", one) for one in ("namespace", "name"))
    is_gateway = _leads_to_gateway(snapshot, service)
    if not is_gateway and not is_ours(snapshot, namespace):
        return
    entered = snapshot.observed.pages.get("/", GatewayPage(0)).status == _OK
    ports = [number(one, "port") for one in items(service, "spec", "ports")]
    web = 80 if 80 in ports else next((one for one in ports if one), 80)
    yield Finding(
        fault=LOAD_BALANCER_PENDING,
        component=component_of(namespace, name),
        severity=LOAD_BALANCER_PENDING.severity
        if is_gateway and not entered
        else Severity.DEGRADED,
        sentence=f"Service {namespace}/{name} of type LoadBalancer has no address yet",
        fix="# install what gives addresses (MetalLB, the cloud's controller), or do without:\n"
        f'kubectl -n {namespace} patch service {name} -p \'{{"spec":{{"type":"ClusterIP"}}}}\'\n'
        f"kubectl -n {namespace} port-forward service/{name} 8080:{web}",
        objects=(f"Service {namespace}/{name}",),
    )


def _leads_to_gateway(snapshot: Snapshot, service: Object) -> bool:
    """Whether a Service leads to the pods of Kubeflow's Gateway, or is called as if it did."""
    namespace, _, name = GATEWAY.partition("/")
    wanted = pairs(snapshot.named(GATEWAYS, name, namespace), "spec", "selector")
    pods = pods_of(snapshot, service)
    if wanted and pods:
        return any(is_within(wanted, labels(pod)) for pod in pods)
    own, there = text(service, "metadata", "name"), text(service, "metadata", "namespace")
    return "gateway" in own and there in PLATFORM


def _share(one: Object, other: Object) -> bool:
    """Whether some pod may be selected by both: no label of theirs contradicts."""
    first, second = pairs(one, "spec", "selector"), pairs(other, "spec", "selector")
    return bool(first.keys() & second.keys()) and all(
        first[key] == second[key] for key in first.keys() & second.keys()
    )


def _shadow(snapshot: Snapshot, ours: Object, other: Object) -> Iterator[Finding]:
    for server in items(other, "spec", "servers"):
        port = number(server, "port", "number")
        if text(server, "port", "protocol").upper() not in _OF_TLS or not _overlap(ours, server):
            continue
        same = [one for one in items(ours, "spec", "servers") if _port(one) == port]
        if same and _made(ours) <= _made(other):
            continue  # the older one is asked
        if not same and _serves_kubeflow(snapshot, name_of(other)):
            continue
        how = "is older" if same else f"{name_of(ours)} has no server for that port"
        namespace, name = (text(other, "metadata", one) for one in ("namespace", "name"))
        hosts = ", ".join(texts(server, "hosts"))
        yield Finding(
            fault=GATEWAY_SHADOWED,
            component=_ISTIO,
            severity=GATEWAY_SHADOWED.severity,
            sentence=f"Gateway {namespace}/{name} takes requests for {hosts} at port {port} of the "
            f"pods of {name_of(ours)}, and {how}: Kubeflow's pages answer 404 there",
            fix=f"kubectl -n {namespace} get gateway {name} -o yaml   # move its server to "
            f"{name_of(ours)}\n"
            f"kubectl -n {namespace} delete gateway {name}",
            objects=(f"Gateway {namespace}/{name}", f"Gateway {GATEWAY}"),
        )
        return


def _port(server: Object) -> int | None:
    return number(server, "port", "number")


def _overlap(ours: Object, server: Object) -> bool:
    """Whether a server takes hosts that Kubeflow's Gateway is for."""
    mine = [host for one in items(ours, "spec", "servers") for host in _bare(texts(one, "hosts"))]
    return any(_meet(one, two) for one in mine for two in _bare(texts(server, "hosts")))


def _bare(hosts: Sequence[str]) -> list[str]:
    """Without the namespaces that may stand before them."""
    return [one.rpartition("/")[2] for one in hosts]


def _meet(one: str, two: str) -> bool:
    """Whether the pattern of the other Gateway takes (all of) what ours is for."""
    if two in {"*", one}:
        return True
    return two.startswith("*.") and one.endswith(two[1:])


def _made(gateway: Object) -> str:
    return text(gateway, "metadata", "creationTimestamp")


def _serves_kubeflow(snapshot: Snapshot, gateway: str) -> bool:
    """Whether Kubeflow's VirtualServices belong to that Gateway, too."""
    return any(
        {gateway, GATEWAY} <= set(texts(one, "spec", "gateways"))
        for one in snapshot.all(VIRTUAL_SERVICES)
    )
