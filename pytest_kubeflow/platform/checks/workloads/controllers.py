"""Controllers: kinds that nobody works on."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_kubeflow.cluster.parts import PARTS, Part
from pytest_kubeflow.platform.age import is_young
from pytest_kubeflow.platform.catalogue.workloads import CONTROLLER_MISSING
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.installed import installed, saw_workloads
from pytest_kubeflow.platform.snapshot import Snapshot
from pytest_kubeflow.platform.snapshot.fields import condition, text
from pytest_kubeflow.platform.snapshot.kind import DEFINITIONS, SERVICES
from pytest_kubeflow.platform.webhook import webhooks_of
from pytest_kubeflow.platform.workloads.service import lacks_endpoints

_INJECTOR = "sidecar-injector.istio.io"

_ROLE = re.compile(r"-(controller|manager|deployment|operator).*$")


def check_controllers(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether each component whose kinds are there has its controller."""
    if not saw_workloads(snapshot):
        return
    there = {one.part.name for one in snapshot.once(installed)}
    for part in PARTS:
        if part.name not in there and not _runs_outside(snapshot, part):
            kinds = [one for one in part.resources if _is_installed(snapshot, one)]
            if kinds:
                yield _missing(part, kinds, tuple(_services(snapshot, part)))


def _runs_outside(snapshot: Snapshot, part: Part) -> bool:
    """Whether a part's controller is that of a cloud: its webhook is asked at a URL."""
    return part.name == "Istio" and any(
        one.service is None and one.name.endswith(_INJECTOR) for one in webhooks_of(snapshot)
    )


def _is_installed(snapshot: Snapshot, resource: str) -> bool:
    definition = snapshot.named(DEFINITIONS, resource)
    if definition is None:
        return resource in snapshot.served
    in_force = text(condition(definition, "Established"), "status") != "False"
    return resource in snapshot.served and in_force and not is_young(snapshot, definition)


def _services(snapshot: Snapshot, part: Part) -> Iterator[str]:
    """The Services of a part that lead nowhere without its controller: those of its webhooks."""
    begins = tuple(_ROLE.sub("", one) for one in part.deployments)
    for service in snapshot.within(SERVICES, part.namespace):
        name = text(service, "metadata", "name")
        if name.startswith(begins) and lacks_endpoints(snapshot, part.namespace, name):
            yield f"Service {part.namespace}/{name}"


def _missing(part: Part, kinds: list[str], services: tuple[str, ...]) -> Finding:
    optional = "; or, if it is not wanted any more, remove its definitions" if part.optional else ""
    return Finding(
        fault=CONTROLLER_MISSING,
        component=part.name.lower(),
        severity=Severity.DEGRADED if part.optional else CONTROLLER_MISSING.severity,
        sentence=f"{part.name} has no controller: {', '.join(kinds)} are accepted, and nothing "
        f"happens to them",
        fix=f"kubectl get deployments -A | grep {part.deployments[0]}  # install {part.name} "
        f"again{optional}",
        evidence=tuple(f"no workload is called {one}" for one in part.deployments),
        objects=(*(f"CustomResourceDefinition {one}" for one in kinds), *services),
    )
