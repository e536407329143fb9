"""Versions: parts of different releases, components that run twice, MPIJobs with two owners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_kubeflow.platform.catalogue.versions import (
    MPIJOBS_TWO_OWNERS,
    UPGRADE_LEFTOVER,
    VERSIONS_MIXED,
)
from pytest_kubeflow.platform.component import component_of
from pytest_kubeflow.platform.fault import Fault
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.installed import Installed, installed
from pytest_kubeflow.platform.releases import likeness
from pytest_kubeflow.platform.snapshot import Object, Snapshot
from pytest_kubeflow.platform.snapshot.fields import flag, items, text, texts
from pytest_kubeflow.platform.snapshot.kind import DEFINITIONS, DEPLOYMENTS

_MPIJOBS = "mpijobs.kubeflow.org"
_WANTED = {"MPI Operator": "v2beta1", "Training Operator": "v1"}
_RENAMED = (
    ("centraldashboard", "dashboard", ""),
    ("admission-webhook-deployment", "poddefaults-webhook-deployment", ""),
    ("minio", "seaweedfs", "  # when its data has been copied"),
)
"""Old name, new name, and what to see to first."""


def check_versions(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether the parts go together."""
    found: dict[str, Installed] = {}
    for one in sorted(snapshot.once(installed), key=_age):
        found.setdefault(one.part.name, one)
    yield from _mixed(found)
    yield from _leftovers(snapshot)
    yield from _mpijobs(snapshot, found)


def _age(one: Installed) -> int:
    """0 for the name that the newest release has: what is left of an older one counts last."""
    names = one.part.deployments
    return names.index(one.owner.name) if one.owner.name in names else len(names)


def _mixed(found: Mapping[str, Installed]) -> Iterator[Finding]:
    like = likeness((name, one.version) for name, one in found.items() if one.version)
    if like is None or not like.others:
        return
    told = [
        f"{name} {found[name].version} is of {_either(releases)}"
        for name, releases in like.others.items()
    ]
    deployments = [found[name].owner for name in like.others]
    yield Finding(
        fault=VERSIONS_MIXED,
        component=found[next(iter(like.others))].part.name.lower(),
        severity=VERSIONS_MIXED.severity,
        sentence=f"this looks like Kubeflow {like.release}, but {', '.join(told)}",
        fix=f"# apply the manifests of {like.release} for them again; if a field is immutable:\n"
        + "\n".join(
            f"kubectl -n {one.namespace} delete {one.target} --ignore-not-found"
            for one in deployments
        ),
        evidence=tuple(f"{one.owner}: {one.image}" for one in found.values() if one.version),
        objects=tuple(map(str, deployments)),
    )


def _either(releases: Sequence[str]) -> str:
    *before, last = releases
    return f"{', '.join(before)} or {last}" if before else last


def _leftovers(snapshot: Snapshot) -> Iterator[Finding]:
    for old, new, care in _RENAMED:
        both = [snapshot.named(DEPLOYMENTS, name, "kubeflow") for name in (old, new)]
        if all(one is not None for one in both):
            yield _finding(
                UPGRADE_LEFTOVER,
                component_of("kubeflow", new),
                f"Deployment kubeflow/{old} is left from before an upgrade: {new} is there in its "
                "place",
                f"kubectl -n kubeflow delete deployment {old}{care}",
                [old],
            )


def _mpijobs(snapshot: Snapshot, found: Mapping[str, Installed]) -> Iterator[Finding]:
    definition = snapshot.named(DEFINITIONS, _MPIJOBS)
    owners = {name: found[name] for name in _WANTED if name in found}
    owners = {
        name: one
        for name, one in owners.items()
        if name != "Training Operator" or _has_mpijobs(snapshot, one)
    }
    if definition is None or not owners:
        return
    served = [
        text(one, "name") for one in items(definition, "spec", "versions") if flag(one, "served")
    ]
    lacking = [f"{name} needs {_WANTED[name]}" for name in owners if _WANTED[name] not in served]
    if not lacking and len(owners) < 2:
        return
    message = f"{' and '.join(owners)} work on MPIJobs" if len(owners) > 1 else ""
    wants = f"of {_MPIJOBS} {', '.join(served) or 'nothing'} is served, but {', '.join(lacking)}"
    yield Finding(
        fault=MPIJOBS_TWO_OWNERS,
        component="training",
        severity=MPIJOBS_TWO_OWNERS.severity,
        sentence="; ".join(filter(None, (message, wants if lacking else ""))),
        fix="# let the Training Operator's args name what it is to work on, without mpijob:\n"
        "kubectl -n kubeflow edit deployment training-operator  "
        "# --enable-scheme=pytorchjob --enable-scheme=tfjob --enable-scheme=xgboostjob",
        objects=(
            f"CustomResourceDefinition {_MPIJOBS}",
            *(str(one.owner) for one in owners.values()),
        ),
    )


def _has_mpijobs(snapshot: Snapshot, operator: Installed) -> bool:
    """Whether a Training Operator works on MPIJobs: on all kinds, unless its args name some."""
    workload: Object | None = snapshot.named(
        DEPLOYMENTS, operator.owner.name, operator.owner.namespace
    )
    args = [
        arg
        for one in items(workload, "spec", "template", "spec", "containers")
        for key in ("command", "args")
        for arg in texts(one, key)
    ]
    named = [arg for arg in args if "enable-scheme" in arg]
    return not named or any("mpijob" in arg.lower() for arg in args)


def _finding(
    fault: Fault, component: str, sentence: str, fix: str, deployments: Sequence[str]
) -> Finding:
    return Finding(
        fault=fault,
        component=component,
        severity=fault.severity,
        sentence=sentence,
        fix=fix,
        objects=tuple(f"Deployment kubeflow/{name}" for name in deployments),
    )
