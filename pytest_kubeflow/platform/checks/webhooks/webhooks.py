"""Webhooks: whether the API server can ask each of them. One Service that fails is one finding."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_kubeflow.platform.age import is_young
from pytest_kubeflow.platform.backends import pods_of, proxy_of, target_port
from pytest_kubeflow.platform.catalogue.certificates import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_NAME_WRONG,
)
from pytest_kubeflow.platform.catalogue.webhooks import (
    CA_BUNDLE_EMPTY,
    CA_BUNDLE_WRONG,
    JOBSET_WEBHOOK_BEHIND_SIDECAR,
    WEBHOOK_LEFTOVER,
    WEBHOOK_NO_ENDPOINTS,
)
from pytest_kubeflow.platform.certificate import NoCertificateError, is_issued_by
from pytest_kubeflow.platform.checks.webhooks.ca_bundles import (
    anchors_of,
    described,
    server_certificate,
)
from pytest_kubeflow.platform.checks.webhooks.calls import FailedCall, failed_calls
from pytest_kubeflow.platform.checks.webhooks.duplicates import duplicates
from pytest_kubeflow.platform.checks.webhooks.reach import concerns_kubeflow
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Fault, Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import flag, items, mapping, name_of, pairs, text
from pytest_kubeflow.platform.snapshot.kind import ENDPOINT_SLICES, SERVICES
from pytest_kubeflow.platform.webhook import Webhook, webhooks_of
from pytest_kubeflow.platform.workloads.service import behind

_EXCLUDED = "traffic.sidecar.istio.io/excludeInboundPorts"

Service = tuple[str, str]


@dataclass(frozen=True)
class _Cause:
    """Why a Service's webhooks cannot be asked."""

    fault: Fault
    sentence: str
    fix: str
    evidence: tuple[str, ...] = ()


def check_webhooks(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether what stands before the making of objects can be asked."""
    by_service: dict[Service, list[Webhook]] = defaultdict(list)
    for webhook in webhooks_of(snapshot):
        if webhook.service is not None:
            by_service[webhook.service].append(webhook)
    failed = {one.webhook: one for one in failed_calls(snapshot)}
    there: list[Webhook] = []
    for service, webhooks in by_service.items():
        calls = [failed.pop(one.name) for one in webhooks if one.name in failed]
        cause = _cause(snapshot, service, webhooks, calls)
        if cause is not None:
            yield _finding(snapshot, service, webhooks, cause)
        if cause is None or cause.fault is not WEBHOOK_LEFTOVER:
            there += webhooks
    yield from duplicates(there)
    for call in failed.values():  # of webhooks that we may not list, or that are URLs
        yield _of_call(call)


def _cause(
    snapshot: Snapshot, service: Service, webhooks: Sequence[Webhook], calls: Sequence[FailedCall]
) -> _Cause | None:
    found = tuple(call.message for call in calls)
    there = snapshot.named(SERVICES, service[1], service[0])
    if there is None and snapshot.saw(SERVICES):
        if not calls and any(is_young(snapshot, one.configuration) for one in webhooks):
            return None  # its Service may be about to be made
        return _leftover(service, webhooks, found)
    if there is not None and (cause := _without_endpoints(snapshot, there, found)):
        return cause
    if cause := _bundle(snapshot, service, webhooks, found):
        return cause
    if there is not None and (cause := _behind_proxy(snapshot, there, webhooks, calls)):
        return cause
    if calls and not _is_told_elsewhere(snapshot, service, webhooks, calls[0]):
        first = calls[0]
        return _Cause(first.fault, first.sentence, _pods(service), found)
    return None


def _is_told_elsewhere(
    snapshot: Snapshot, service: Service, webhooks: Sequence[Webhook], call: FailedCall
) -> bool:
    """Whether the finding of a certificate that has ended says it."""
    shown = server_certificate(snapshot, service, webhooks)
    return (
        call.fault is CERTIFICATE_EXPIRED
        and shown is not None
        and any(one.has_ended(snapshot.taken) for one in shown.chain)
    )


def _leftover(service: Service, webhooks: Sequence[Webhook], evidence: tuple[str, ...]) -> _Cause:
    deletions = dict.fromkeys(
        f"kubectl delete {one.kind.name.lower()} {name_of(one.configuration)}" for one in webhooks
    )
    return _Cause(
        WEBHOOK_LEFTOVER,
        f"{_names(webhooks)} calls Service {_name(service)}, which does not exist",
        "# if the component is gone or was renamed\n" + "\n".join(deletions),
        evidence,
    )


def _without_endpoints(
    snapshot: Snapshot, service: Object, evidence: tuple[str, ...]
) -> _Cause | None:
    namespace, name = text(service, "metadata", "namespace"), text(service, "metadata", "name")
    if not snapshot.saw(ENDPOINT_SLICES) or text(service, "spec", "type") == "ExternalName":
        return None
    slices = (
        one
        for one in snapshot.within(ENDPOINT_SLICES, namespace)
        if pairs(one, "metadata", "labels").get("kubernetes.io/service-name") == name
    )
    endpoints = [endpoint for one in slices for endpoint in items(one, "endpoints")]
    if any(_takes_requests(one) for one in endpoints):
        return None
    pods = pods_of(snapshot, service)
    young = is_young(snapshot, service) or any(is_young(snapshot, pod) for pod in pods)
    if young and not evidence:
        return None
    there = f"{len(pods)} pods, none of them ready" if pods else "no pods"
    return _Cause(
        WEBHOOK_NO_ENDPOINTS,
        f"Service {namespace}/{name}, which webhooks are asked at, has {there}",
        _pods((namespace, name)),
        evidence,
    )


def _takes_requests(endpoint: Object) -> bool:
    conditions = mapping(endpoint, "conditions")
    return flag(conditions, "ready") or "ready" not in conditions


def _bundle(
    snapshot: Snapshot, service: Service, webhooks: Sequence[Webhook], evidence: tuple[str, ...]
) -> _Cause | None:
    shown = server_certificate(snapshot, service, webhooks)
    for webhook in webhooks:
        if snapshot.observed.dry_runs.get(webhook.name) == "":
            continue  # the API server has accepted it
        if is_young(snapshot, webhook.configuration) and not evidence:
            continue  # cert-manager may be about to write it
        try:
            anchors = anchors_of(webhook)
        except NoCertificateError as error:
            return _Cause(
                CA_BUNDLE_EMPTY,
                f"the caBundle of {webhook.where} has no certificate: {error}",
                _inject_anew(webhook),
                evidence,
            )
        if shown is not None and not is_issued_by(shown.chain, anchors):
            return _Cause(
                CA_BUNDLE_WRONG,
                f"the certificate that {shown.source} does not come from the authority in the "
                f"caBundle of {webhook.where}",
                _inject_anew(webhook) + "\n" + _restart(snapshot, service),
                (*evidence, f"{shown.source} {shown.own.subject}, issued by {shown.own.issuer}"),
            )
    server_name = webhooks[0].server_name
    if shown is not None and not shown.own.is_for(server_name):
        names = ", ".join(shown.own.names) or "no name at all"
        return _Cause(
            CERTIFICATE_NAME_WRONG,
            f"the certificate that {shown.source} is for {names}, not for {server_name}, the name "
            f"by which {described(webhooks)} asks",
            f"kubectl -n {service[0]} get certificates -o yaml   # dnsNames: {server_name}",
            evidence,
        )
    return None


def _behind_proxy(
    snapshot: Snapshot, service: Object, webhooks: Sequence[Webhook], calls: Sequence[FailedCall]
) -> _Cause | None:
    """A proxy that takes the API server's connections.

    Of JobSet's webhook it is known that this fails, unless a call went through; of others, if a
    call was broken off.
    """
    failed = next((one for one in calls if one.is_broken_off), None)
    asked = snapshot.observed.dry_runs
    of_jobset = any("jobset" in one.name for one in webhooks)
    proven = any(asked.get(one.name) == "" for one in webhooks)
    if failed is None and (not of_jobset or proven):
        return None
    for pod in pods_of(snapshot, service):
        port = target_port(service, webhooks[0].port, pod)
        excluded = pairs(pod, "metadata", "annotations").get(_EXCLUDED, "")
        if proxy_of(pod) is None or port is None or str(port) in excluded.split(","):
            continue
        namespace = text(pod, "metadata", "namespace")
        patch = (
            f'{{"spec":{{"template":{{"metadata":{{"annotations":{{"{_EXCLUDED}":"{port}"}}}}}}}}}}'
        )
        return _Cause(
            JOBSET_WEBHOOK_BEHIND_SIDECAR,
            f"port {port} of pod {name_of(pod)}, where {_names(webhooks)} is asked, is behind "
            "istio-proxy, which the API server cannot get through",
            f"kubectl -n {namespace} patch deployment {_deployment(pod)} -p '{patch}'",
            tuple(call.message for call in calls),
        )
    return None


def _finding(
    snapshot: Snapshot, service: Service, webhooks: Sequence[Webhook], cause: _Cause
) -> Finding:
    severity = cause.fault.severity
    if not any(concerns_kubeflow(snapshot, one) for one in webhooks):
        severity = Severity.NOTICE
    elif severity is Severity.BROKEN and all(one.is_ignorable for one in webhooks):
        severity = Severity.DEGRADED
    return Finding(
        fault=cause.fault,
        component=component_of(*service),
        sentence=cause.sentence,
        fix=cause.fix,
        evidence=cause.evidence,
        severity=severity,
        objects=(
            *dict.fromkeys(one.where for one in webhooks),
            f"Service {_name(service)}",
            *_servers(snapshot, service, cause.fault),
        ),
    )


def _servers(snapshot: Snapshot, service: Service, fault: Fault) -> Iterator[str]:
    """The workloads that should answer, where it is they that do not."""
    if fault is WEBHOOK_NO_ENDPOINTS:
        yield from map(str, behind(snapshot, *service))


def _of_call(call: FailedCall) -> Finding:
    return Finding(
        fault=call.fault,
        component="webhooks",
        sentence=call.sentence,
        fix="kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations -o yaml "
        f"| grep -B20 'name: {call.webhook}'   # which Service it calls, then see its pods",
        evidence=(call.message,),
        severity=call.fault.severity,
    )


def _names(webhooks: Sequence[Webhook]) -> str:
    names = list(dict.fromkeys(one.name for one in webhooks))
    return f"webhook {names[0]}" + (f" (and {len(names) - 1} more)" if len(names) > 1 else "")


def _name(service: Service) -> str:
    return "/".join(service)


def _pods(service: Service) -> str:
    return (
        f"kubectl -n {service[0]} get endpointslices -l kubernetes.io/service-name={service[1]}\n"
        f"kubectl -n {service[0]} get pods   # then describe and logs of those behind it"
    )


def _inject_anew(webhook: Webhook) -> str:
    return (
        "kubectl -n cert-manager rollout restart deployment cert-manager-cainjector\n"
        f"kubectl get {webhook.kind.name.lower()} {name_of(webhook.configuration)} -o yaml"
    )


def _restart(snapshot: Snapshot, service: Service) -> str:
    found = snapshot.named(SERVICES, service[1], service[0])
    pods = pods_of(snapshot, found) if found is not None else ()
    names: Mapping[str, None] = dict.fromkeys(_deployment(pod) for pod in pods)
    return "\n".join(f"kubectl -n {service[0]} rollout restart deployment {one}" for one in names)


def _deployment(pod: Object) -> str:
    """The Deployment that a pod's ReplicaSet is named after; NAME where that is not so."""
    owner = next(iter(items(pod, "metadata", "ownerReferences")), {})
    return shlex.quote(text(owner, "name").rpartition("-")[0] or "NAME")
