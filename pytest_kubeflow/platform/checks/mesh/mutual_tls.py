"""Mutual TLS: whether those who must have a proxy have one, and of which release it is."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator

from pytest_kubeflow.platform.backends import (
    has_ended,
    is_ending,
    is_in_ambient_mesh,
    pods_of,
    proxy_of,
    service_at,
)
from pytest_kubeflow.platform.catalogue.mesh import (
    MUTUAL_TLS_DISABLED,
    MUTUAL_TLS_WITHOUT_PROXY,
    PROXY_VERSION_DIFFERS,
    STRICT_MUTUAL_TLS,
)
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.place import PLATFORM, is_ours, severity_at
from pytest_kubeflow.platform.routes import objects_at
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, mapping, name_of, text
from pytest_kubeflow.platform.snapshot.kind import (
    DEPLOYMENTS,
    DESTINATION_RULES,
    NAMESPACES,
    PEER_AUTHENTICATIONS,
    PODS,
)
from pytest_kubeflow.platform.snapshot.observations import GatewayPage

ROOT = "istio-system"
"""The namespace whose policies are those of the whole mesh."""

_ISTIO = "istio"
_RESTARTED = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_RELEASE = re.compile(r":v?(\d+\.\d+)\.\d+")


def check_mutual_tls(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether callers and called agree on TLS."""
    found = [one for rule in snapshot.all(DESTINATION_RULES) for one in _rule(snapshot, rule)]
    yield from found
    if not any(one.fault is MUTUAL_TLS_WITHOUT_PROXY for one in found):
        yield from _refused_pages(snapshot)
    for policy in snapshot.all(PEER_AUTHENTICATIONS):
        yield from _strict(snapshot, policy)
    yield from _proxies(snapshot)


def _rule(snapshot: Snapshot, rule: Object) -> Iterator[Finding]:
    namespace, name = text(rule, "metadata", "namespace"), text(rule, "metadata", "name")
    service = service_at(snapshot, text(rule, "spec", "host"), namespace)
    at = text(service, "metadata", "namespace")
    severity = severity_at(MUTUAL_TLS_WITHOUT_PROXY, snapshot, at)
    if service is None or severity is None:
        return
    modes = set(_modes(rule))
    pods = [one for one in pods_of(snapshot, service) if not is_in_ambient_mesh(one)]
    there = name_of(service)
    component = component_of(at, there.partition("/")[2])
    without = [one for one in pods if proxy_of(one) is None]
    if "ISTIO_MUTUAL" in modes and without:
        anew = dict.fromkeys(_started_anew(one) for one in without)
        yield Finding(
            fault=MUTUAL_TLS_WITHOUT_PROXY,
            component=component,
            severity=severity,
            sentence=f"DestinationRule {name_of(rule)} demands mutual TLS of Service {there}, and "
            f"{len(without)} of its {len(pods)} pods have no istio-proxy: "
            + ", ".join(text(one, "metadata", "name") for one in without[:3]),
            fix="kubectl -n istio-system get pods -l app=istiod\n"
            f"kubectl get namespace {at} --show-labels   # istio-injection=enabled\n"
            + "\n".join(f"kubectl -n {at} {one}" for one in anew),
            objects=(f"DestinationRule {name_of(rule)}", f"Service {there}"),
        )
    elif "DISABLE" in modes and any(proxy_of(one) is not None for one in pods):
        patch = '{"spec":{"trafficPolicy":{"tls":{"mode":"ISTIO_MUTUAL"}}}}'
        yield Finding(
            fault=MUTUAL_TLS_DISABLED,
            component=component,
            severity=MUTUAL_TLS_DISABLED.severity,
            sentence=f"DestinationRule {name_of(rule)} switches mutual TLS off for Service "
            f"{there}, whose pods have istio-proxy",
            fix=f"kubectl -n {namespace} patch destinationrule {name} --type merge -p '{patch}'",
            objects=(f"DestinationRule {name_of(rule)}",),
        )


def _refused_pages(snapshot: Snapshot) -> Iterator[Finding]:
    """What the gateway says where rules and pods were not seen."""
    for path, page in snapshot.observed.pages.items():
        if is_without_proxy(page):
            yield Finding(
                fault=MUTUAL_TLS_WITHOUT_PROXY,
                component=_ISTIO,
                severity=MUTUAL_TLS_WITHOUT_PROXY.severity,
                sentence=f"the gateway answers {page.status} at {path}: {page.text}",
                fix="kubectl get destinationrules -A   # which demands ISTIO_MUTUAL\n"
                "kubectl -n kubeflow rollout restart deployment NAME   # once istiod injects",
                objects=objects_at(snapshot, path),
            )
            return


def is_without_proxy(page: GatewayPage) -> bool:
    """Whether a response says that the other side speaks no TLS."""
    return page.status >= 500 and any(
        re.search(sign, page.text) for sign in MUTUAL_TLS_WITHOUT_PROXY.signs
    )


def _modes(rule: Object) -> Iterator[str]:
    policy = mapping(rule, "spec", "trafficPolicy")
    yield text(policy, "tls", "mode")
    for port in items(policy, "portLevelSettings"):
        yield text(port, "tls", "mode")


def _strict(snapshot: Snapshot, policy: Object) -> Iterator[Finding]:
    namespace, name = text(policy, "metadata", "namespace"), text(policy, "metadata", "name")
    if text(policy, "spec", "mtls", "mode") != "STRICT" or mapping(policy, "spec", "selector"):
        return
    found = snapshot.named(NAMESPACES, namespace)
    if namespace != ROOT and (namespace not in PLATFORM or found is None):
        return  # a user's own namespace, one of others, or one of which that is not known
    where = "the whole mesh" if namespace == ROOT else f"namespace {namespace}"
    yield Finding(
        fault=STRICT_MUTUAL_TLS,
        component=_ISTIO,
        severity=STRICT_MUTUAL_TLS.severity,
        sentence=f"PeerAuthentication {namespace}/{name} refuses all callers without a proxy in "
        f"{where}",
        fix=f"kubectl -n {namespace} patch peerauthentication {name} --type merge "
        '-p \'{"spec":{"mtls":{"mode":"PERMISSIVE"}}}\'',
        objects=(f"PeerAuthentication {namespace}/{name}",),
    )


def _proxies(snapshot: Snapshot) -> Iterator[Finding]:
    """Proxies of another release (the first two numbers) than istiod's."""
    plane = _control_plane(snapshot)
    if not plane:
        return
    others: Counter[tuple[str, str]] = Counter()
    for pod in snapshot.all(PODS):
        if has_ended(pod) or is_ending(pod):
            continue  # it keeps the proxy of its time
        if not is_ours(snapshot, text(pod, "metadata", "namespace")):
            continue
        proxy = proxy_of(pod)
        release = _release(text(proxy, "image"))
        if release and release not in plane:
            others[text(pod, "metadata", "namespace"), release] += 1
    if not others:
        return
    them = ", ".join(
        f"{count} pods in {namespace} with {release}"
        for (namespace, release), count in sorted(others.items())
    )
    namespaces = dict.fromkeys(namespace for namespace, _ in sorted(others))
    yield Finding(
        fault=PROXY_VERSION_DIFFERS,
        component=_ISTIO,
        severity=PROXY_VERSION_DIFFERS.severity,
        sentence=f"istiod is of release {', '.join(sorted(plane))}, some proxies are not: {them}",
        fix="\n".join(
            f"kubectl -n {one} rollout restart deployment,statefulset" for one in namespaces
        ),
        objects=tuple(f"Namespace {one}" for one in namespaces),
    )


def _control_plane(snapshot: Snapshot) -> set[str]:
    """The releases of istiod; there may be several, as revisions."""
    return {
        release
        for one in snapshot.within(DEPLOYMENTS, ROOT)
        if text(one, "metadata", "name").startswith("istiod")
        for container in items(one, "spec", "template", "spec", "containers")
        if (release := _release(text(container, "image")))
    }


def _release(image: str) -> str:
    found = _RELEASE.search(image)
    return found[1] if found else ""


def _started_anew(pod: Object) -> str:
    """For kubectl, how a pod comes again with what is injected by now."""
    owner = next(iter(items(pod, "metadata", "ownerReferences")), {})
    kind, name = text(owner, "kind"), text(owner, "name")
    if kind == "ReplicaSet":
        kind, name = "Deployment", name.rpartition("-")[0]
    if kind in _RESTARTED:
        return f"rollout restart {kind.lower()} {shlex.quote(name)}"
    return f"delete pod {text(pod, 'metadata', 'name')}"
