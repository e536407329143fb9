"""Policies: what the mesh denies by default, and whether what must be allowed is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pytest_kubeflow.platform.backends import labels, pods_of, proxy_of, service_at
from pytest_kubeflow.platform.catalogue.mesh import (
    GLOBAL_DENY_MISSING,
    GLOBAL_DENY_WITHOUT_EXCEPTIONS,
)
from pytest_kubeflow.platform.checks.mesh.mutual_tls import ROOT
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.routes import GATEWAY, hosts_of
from pytest_kubeflow.platform.selectors import is_within
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, mapping, name_of, pairs, text, texts
from pytest_kubeflow.platform.snapshot.kind import (
    AUTHORIZATION_POLICIES,
    GATEWAYS,
    PODS,
    SERVICES,
    VIRTUAL_SERVICES,
)

_ISTIO = "istio"
_DENY = """kubectl apply -f - <<EOF
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: global-deny-all, namespace: istio-system}
spec: {}
EOF"""


def check_policies(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether there is a default, and whether the gateway and what is behind it are excepted."""
    if not snapshot.saw(AUTHORIZATION_POLICIES) or snapshot.named(GATEWAYS, *_gateway()) is None:
        return
    deny = next(filter(_denies_all, snapshot.within(AUTHORIZATION_POLICIES, ROOT)), None)
    if deny is None:
        yield Finding(
            fault=GLOBAL_DENY_MISSING,
            component=_ISTIO,
            severity=GLOBAL_DENY_MISSING.severity,
            sentence=f"no AuthorizationPolicy in {ROOT} denies by default: workloads without a "
            "policy of their own take requests of every pod",
            fix=_DENY,
        )
    elif snapshot.saw(PODS):
        yield from _refused_gateway(snapshot, deny)
        yield from _refused_backends(snapshot, deny)


def _gateway() -> tuple[str, str]:
    namespace, _, name = GATEWAY.partition("/")
    return name, namespace


def _denies_all(policy: Object) -> bool:
    """Whether it allows nothing, to nobody in particular: so all is denied that no other allows."""
    spec = mapping(policy, "spec")
    return (
        text(spec, "action") in {"", "ALLOW"}
        and not items(spec, "rules")
        and not mapping(spec, "selector")
        and not items(spec, "targetRefs")
    )


def is_gateway_refused(snapshot: Snapshot) -> bool:
    """Whether the mesh is seen to refuse all requests to the gateway."""
    return any(f"Gateway {GATEWAY}" in one.objects for one in check_policies(snapshot))


def _refused_gateway(snapshot: Snapshot, deny: Object) -> Iterator[Finding]:
    gateway = snapshot.named(GATEWAYS, *_gateway())
    wanted = pairs(gateway, "spec", "selector")
    pods = [one for one in snapshot.all(PODS) if wanted and is_within(wanted, labels(one))]
    refused = next((one for one in pods if not _is_allowed(snapshot, one)), None)
    if refused is None:
        return
    namespace = text(refused, "metadata", "namespace")
    own = next(iter(sorted(wanted.items())))
    yield Finding(
        fault=GLOBAL_DENY_WITHOUT_EXCEPTIONS,
        component=_ISTIO,
        severity=GLOBAL_DENY_WITHOUT_EXCEPTIONS.severity,
        sentence=f"AuthorizationPolicy {name_of(deny)} denies all, and none allows requests to the "
        f"gateway (pod {name_of(refused)}): everybody is refused",
        fix="kubectl apply -f - <<EOF\n"
        "apiVersion: security.istio.io/v1\n"
        "kind: AuthorizationPolicy\n"
        f"metadata: {{name: istio-ingressgateway, namespace: {namespace}}}\n"
        f"spec: {{action: ALLOW, selector: {{matchLabels: {{{own[0]}: {own[1]}}}}}, rules: [{{}}]}}"
        "\nEOF",
        objects=(f"AuthorizationPolicy {name_of(deny)}", f"Gateway {GATEWAY}"),
    )


def _refused_backends(snapshot: Snapshot, deny: Object) -> Iterator[Finding]:
    found: set[str] = set()
    for route in snapshot.all(VIRTUAL_SERVICES):
        if GATEWAY not in texts(route, "spec", "gateways"):
            continue
        for host in hosts_of(route):
            service = service_at(snapshot, host, text(route, "metadata", "namespace"))
            if service is None or name_of(service) in found:
                continue
            found.add(name_of(service))
            refused = next(
                (
                    one
                    for one in pods_of(snapshot, service)
                    if proxy_of(one) is not None and not _is_allowed(snapshot, one)
                ),
                None,
            )
            if refused is not None:
                yield _refused(snapshot, deny, route, service)


def _refused(snapshot: Snapshot, deny: Object, route: Object, service: Object) -> Finding:
    namespace, name = (text(service, "metadata", one) for one in ("namespace", "name"))
    known = snapshot.named(SERVICES, name, namespace)
    chosen = ", ".join(f"{key}: {value}" for key, value in pairs(known, "spec", "selector").items())
    return Finding(
        fault=GLOBAL_DENY_WITHOUT_EXCEPTIONS,
        component=component_of(namespace, name),
        severity=GLOBAL_DENY_WITHOUT_EXCEPTIONS.severity,
        sentence=f"AuthorizationPolicy {name_of(deny)} denies all, and none allows requests to "
        f"Service {namespace}/{name}, which VirtualService {name_of(route)} leads to",
        fix="kubectl apply -f - <<EOF\n"
        "apiVersion: security.istio.io/v1\n"
        "kind: AuthorizationPolicy\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\n"
        f"spec: {{action: ALLOW, selector: {{matchLabels: {{{chosen}}}}}, rules: [{{from: "
        "[{source: {principals: "
        "[cluster.local/ns/istio-system/sa/istio-ingressgateway-service-account]}}]}]}\nEOF",
        objects=(f"Service {namespace}/{name}",),
    )


def _is_allowed(snapshot: Snapshot, pod: Object) -> bool:
    """Whether some policy allows some request to a pod."""
    return any(
        _applies(policy, labels(pod))
        for namespace in dict.fromkeys((ROOT, text(pod, "metadata", "namespace")))
        for policy in snapshot.within(AUTHORIZATION_POLICIES, namespace)
    )


def _applies(policy: Object, there: Mapping[str, str]) -> bool:
    spec = mapping(policy, "spec")
    if text(spec, "action") not in {"", "ALLOW"} or not isinstance(spec.get("rules"), list):
        return False
    if items(spec, "targetRefs"):  # of what they name is not known here
        return True
    return bool(spec["rules"]) and is_within(pairs(spec, "selector", "matchLabels"), there)
