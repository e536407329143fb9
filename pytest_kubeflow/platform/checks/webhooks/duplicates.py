"""Webhooks of two installations of one component, which are both asked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator

from pytest_kubeflow.platform.catalogue.webhooks import WEBHOOK_DUPLICATE
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.snapshot.fields import mapping, name_of
from pytest_kubeflow.platform.webhook import Webhook


def duplicates(webhooks: Iterable[Webhook]) -> Iterator[Finding]:
    """Those of several configurations with one path, the same rules and the same selectors.

    Revisions of Istio differ in their selectors, so they are none.
    """
    by_job: dict[str, list[Webhook]] = defaultdict(list)
    for webhook in webhooks:
        if webhook.service is not None and webhook.path.strip("/") and webhook.guarded:
            by_job[_job(webhook)].append(webhook)
    told: set[frozenset[str]] = set()
    for found in by_job.values():
        configurations = dict.fromkeys(name_of(one.configuration) for one in found)
        services = dict.fromkeys(f"{'/'.join(one.service)}" for one in found if one.service)
        if len(configurations) < 2 or frozenset(configurations) in told:
            continue
        told.add(frozenset(configurations))
        yield _finding(found, list(configurations), list(services))


def _job(webhook: Webhook) -> str:
    selectors = [mapping(webhook.entry, one) for one in ("namespaceSelector", "objectSelector")]
    job = [webhook.kind.name, webhook.path, sorted(webhook.guarded), *selectors]
    return json.dumps(job, sort_keys=True, default=repr)


def _finding(found: list[Webhook], configurations: list[str], services: list[str]) -> Finding:
    first = found[0]
    resources = ", ".join(sorted({resource for _, resource in first.guarded}))
    kind = first.kind.name
    namespace, _, name = services[0].partition("/")
    return Finding(
        fault=WEBHOOK_DUPLICATE,
        component=component_of(namespace, name),
        severity=WEBHOOK_DUPLICATE.severity,
        sentence=f"{kind} {' and '.join(configurations)} are asked for the same ({first.path} "
        f"about {resources}), at {'Services' if services[1:] else 'Service'} "
        + " and ".join(services),
        fix="# the one of the component that was replaced\n"
        + "\n".join(f"kubectl delete {kind.lower()} {one}" for one in configurations),
        objects=tuple(f"{kind} {one}" for one in configurations),
    )
