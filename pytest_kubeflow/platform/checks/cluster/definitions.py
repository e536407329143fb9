"""Definitions: kinds that are not in force, API groups that nobody serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pytest_kubeflow.platform.age import ENDING, STARTING, is_young, longer_than
from pytest_kubeflow.platform.catalogue.definitions import (
    API_SERVICE_UNAVAILABLE,
    CONVERSION_UNREACHABLE,
    CRD_NOT_ESTABLISHED,
    STORED_VERSION_NOT_SERVED,
)
from pytest_kubeflow.platform.checks.webhooks.reach import OF_PLATFORM
from pytest_kubeflow.platform.fault import Fault, Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import (
    condition,
    flag,
    items,
    mapping,
    name_of,
    text,
    texts,
)
from pytest_kubeflow.platform.snapshot.kind import API_SERVICES, DEFINITIONS, SERVICES
from pytest_kubeflow.platform.workloads.service import behind, lacks_endpoints


def check_definitions(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the API serves what is installed."""
    for definition in snapshot.all(DEFINITIONS):
        if not is_young(snapshot, definition):
            why = _not_established(snapshot, definition)
            if why:
                yield _refused(definition, why)
                continue
            if _is_ours(definition):  # others may keep versions that nobody asks for
                yield from _stored(definition)
            yield from _conversion(snapshot, definition)
    yield from _not_converted(snapshot)
    for service in snapshot.all(API_SERVICES):
        available = condition(service, "Available")
        if text(available, "status") == "False" and longer_than(
            STARTING, snapshot, available, "lastTransitionTime"
        ):
            yield _unavailable(snapshot, service, available)


def _not_established(snapshot: Snapshot, definition: Object) -> str:
    if text(definition, "metadata", "deletionTimestamp"):
        if not longer_than(ENDING, snapshot, definition, "metadata", "deletionTimestamp"):
            return ""
        said = text(condition(definition, "Terminating"), "message")
        return f"it is being deleted and does not end: {said or 'its objects are left'}"
    for kind in ("NamesAccepted", "Established"):
        found = condition(definition, kind)
        if text(found, "status") == "False":
            return text(found, "message") or text(found, "reason") or f"{kind} is False"
    return ""


def _refused(definition: Object, why: str) -> Finding:
    name = name_of(definition)
    return _finding(
        definition,
        CRD_NOT_ESTABLISHED,
        f"CustomResourceDefinition {name} is not in force: {' '.join(why.split())}",
        f"kubectl describe customresourcedefinition {name}",
    )


def _stored(definition: Object) -> Iterator[Finding]:
    name = name_of(definition)
    served = [
        text(one, "name") for one in items(definition, "spec", "versions") if flag(one, "served")
    ]
    stored = [one for one in texts(definition, "status", "storedVersions") if one not in served]
    if not stored or not served:
        return
    now = [
        text(one, "name") for one in items(definition, "spec", "versions") if flag(one, "storage")
    ]
    patch = f'{{"status":{{"storedVersions":["{now[0] if now else "VERSION"}"]}}}}'
    yield _finding(
        definition,
        STORED_VERSION_NOT_SERVED,
        f"objects of {name} may be stored as {', '.join(stored)}, which is not served any more "
        f"(served: {', '.join(served)})",
        f"kubectl get {name} -A -o json | kubectl replace -f -\n"
        f"kubectl patch customresourcedefinition {name} --subresource=status --type=merge "
        f"-p '{patch}'",
    )


def _conversion(snapshot: Snapshot, definition: Object) -> Iterator[Finding]:
    if text(definition, "spec", "conversion", "strategy") != "Webhook":
        return
    service = mapping(definition, "spec", "conversion", "webhook", "clientConfig", "service")
    namespace, name = text(service, "namespace"), text(service, "name")
    if not name or not snapshot.saw(SERVICES):
        return
    if snapshot.named(SERVICES, name, namespace) is None:
        why = "is not there"
    elif lacks_endpoints(snapshot, namespace, name):
        why = "has no ready pod"
    else:
        return
    yield _finding(
        definition,
        CONVERSION_UNREACHABLE,
        f"nobody converts {name_of(definition)}: Service {namespace}/{name} {why}",
        f"kubectl -n {namespace} get service,endpointslices,pods",
        tuple(map(str, behind(snapshot, namespace, name))),
    )


def _not_converted(snapshot: Snapshot) -> Iterator[Finding]:
    """Kinds that could not be listed, for the server itself could not have them converted."""
    for unseen in snapshot.unseen:
        definition = snapshot.named(DEFINITIONS, unseen.what)
        if definition is None or not any(
            re.search(sign, unseen.why) for sign in CONVERSION_UNREACHABLE.signs
        ):
            continue
        if any(_conversion(snapshot, definition)):
            continue  # which says why
        service = mapping(definition, "spec", "conversion", "webhook", "clientConfig", "service")
        namespace, name = text(service, "namespace"), text(service, "name")
        finding = _finding(
            definition,
            CONVERSION_UNREACHABLE,
            f"nobody converts {name_of(definition)}: Service {namespace}/{name} is asked in vain",
            f"kubectl -n {namespace} get service,endpointslices,pods\n"
            f"kubectl get customresourcedefinition {name_of(definition)} -o yaml  # its caBundle",
            tuple(map(str, behind(snapshot, namespace, name))),
        )
        yield replace(finding, evidence=(unseen.why,))


def _unavailable(snapshot: Snapshot, service: Object, available: Object) -> Finding:
    name = name_of(service)
    message = " ".join(text(available, "message").split())
    backend = mapping(service, "spec", "service")
    owners = behind(snapshot, text(backend, "namespace"), text(backend, "name"))
    return Finding(
        fault=API_SERVICE_UNAVAILABLE,
        component="kubernetes",
        severity=API_SERVICE_UNAVAILABLE.severity,
        sentence=f"API service {name} does not answer: {message or text(available, 'reason')}",
        fix=f"kubectl describe apiservice {name}  # bring its server back, or:\n"
        f"kubectl delete apiservice {name}",
        evidence=(f"{text(available, 'reason')}: {message}",),
        objects=(f"APIService {name}", *map(str, owners)),
    )


def _finding(
    definition: Object, fault: Fault, sentence: str, fix: str, others: tuple[str, ...] = ()
) -> Finding:
    return Finding(
        fault=fault,
        component=text(definition, "spec", "group") or "kubernetes",
        severity=fault.severity
        if _is_ours(definition)
        else max(fault.severity, Severity.DEGRADED, key=_weight),
        sentence=sentence,
        fix=fix,
        objects=(f"CustomResourceDefinition {name_of(definition)}", *others),
    )


def _is_ours(definition: Object) -> bool:
    return OF_PLATFORM.search(text(definition, "spec", "group")) is not None


def _weight(severity: Severity) -> int:
    return severity.weight
