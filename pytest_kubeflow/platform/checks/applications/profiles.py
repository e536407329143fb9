"""Profiles: whether each has its namespace, and what its controllers put there."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pytest_kubeflow.platform.age import is_young
from pytest_kubeflow.platform.catalogue.profiles import (
    METRICS_INJECTION_OFF,
    PROFILE_FAILED,
    PROFILE_PIECES_MISSING,
)
from pytest_kubeflow.platform.finding import Finding
from pytest_kubeflow.platform.installed import installed, saw_workloads
from pytest_kubeflow.platform.place import is_profile
from pytest_kubeflow.platform.releases import minor_of
from pytest_kubeflow.platform.snapshot import Kind, Snapshot
from pytest_kubeflow.platform.snapshot.fields import items, name_of, pairs, text
from pytest_kubeflow.platform.snapshot.kind import (
    AUTHORIZATION_POLICIES,
    CONFIG_MAPS,
    DECORATORS,
    NAMESPACES,
    PROFILES,
    ROLE_BINDINGS,
    SERVICE_ACCOUNTS,
    STORE_KEYS,
)

_Piece = tuple[Kind, str]

_OF_PROFILE: tuple[_Piece, ...] = (
    (SERVICE_ACCOUNTS, "default-editor"),
    (SERVICE_ACCOUNTS, "default-viewer"),
    (ROLE_BINDINGS, "default-editor"),
    (ROLE_BINDINGS, "default-viewer"),
    (ROLE_BINDINGS, "namespaceAdmin"),
    (AUTHORIZATION_POLICIES, "ns-owner-access-istio"),
)
_OF_PIPELINES: tuple[_Piece, ...] = (
    (STORE_KEYS, "mlpipeline-minio-artifact"),
    (CONFIG_MAPS, "metadata-grpc-configmap"),
)
_SINCE_2_15: tuple[_Piece, ...] = (
    (CONFIG_MAPS, "kfp-launcher"),
    (CONFIG_MAPS, "artifact-repositories"),
)
_PIPELINES = "pipelines.kubeflow.org/enabled"
_INJECTION = "katib.kubeflow.org/metrics-collector-injection"
_DECORATOR = "kubeflow-pipelines-profile-controller"
_TOLD = 5


def check_profiles(snapshot: Snapshot) -> Iterator[Finding]:
    """Whether profiles can be worked in."""
    if not snapshot.serves(PROFILES):
        return
    failed = dict(_failed(snapshot))
    yield from failed.values()
    namespaces = [one for one in _namespaces(snapshot) if one not in failed]
    lacking: dict[tuple[_Piece, ...], list[str]] = defaultdict(list)
    for namespace in namespaces:
        missing = tuple(_missing(snapshot, namespace))
        if missing:
            lacking[missing].append(namespace)
    for missing, found in lacking.items():
        yield _pieces(snapshot, missing, found)
    without = [one for one in namespaces if _lacks_injection(snapshot, one)]
    if without:
        yield _injection(without)


def _namespaces(snapshot: Snapshot) -> Iterator[str]:
    """Those of profiles that are not just being made or removed, also of profiles without one."""
    profiles = {name_of(one): one for one in snapshot.all(PROFILES)}
    seen = {name_of(one): one for one in snapshot.all(NAMESPACES)}
    for name in sorted(profiles.keys() | seen.keys() | set(snapshot.namespaces)):
        objects = [one for one in (profiles.get(name), seen.get(name)) if one is not None]
        ending = any(text(one, "metadata", "deletionTimestamp") for one in objects)
        starting = any(is_young(snapshot, one) for one in objects)
        if is_profile(snapshot, name) and not ending and not starting:
            yield name


def _saw(snapshot: Snapshot, kind: Kind, namespace: str) -> bool:
    """Whether all objects of a kind in a namespace were read."""
    return kind in snapshot.objects and (
        not snapshot.namespaces or namespace in snapshot.namespaces
    )


def _missing(snapshot: Snapshot, namespace: str) -> Iterator[_Piece]:
    seen = snapshot.named(NAMESPACES, namespace)
    if seen is None and snapshot.saw(NAMESPACES):
        yield NAMESPACES, ""
        return
    labels = pairs(seen, "metadata", "labels")
    wanted = list(_OF_PROFILE)
    if labels.get(_PIPELINES) == "true" and _has_pipelines(snapshot):
        wanted += _OF_PIPELINES
        wanted += _SINCE_2_15 if _has_2_15(snapshot) else ()
    known = [piece for piece in wanted if _saw(snapshot, piece[0], namespace)]
    lacks = [piece for piece in known if snapshot.named(*piece, namespace) is None]
    # A namespace that we were merely told of may be no profile at all.
    if seen is not None or len(lacks) < len(known):
        yield from lacks


def _has_pipelines(snapshot: Snapshot) -> bool:
    """Whether there may be pipelines: the label is on each profile, whatever is installed."""
    there = any(one.part.name == "Pipelines" for one in snapshot.once(installed))
    return there or not saw_workloads(snapshot)


def _has_2_15(snapshot: Snapshot) -> bool:
    versions = (
        minor_of(one.version) for one in snapshot.once(installed) if one.part.name == "Pipelines"
    )
    return any(version is not None and version >= (2, 15) for version in versions)


def _pieces(snapshot: Snapshot, missing: tuple[_Piece, ...], namespaces: Sequence[str]) -> Finding:
    of_pipelines = all(piece in _OF_PIPELINES + _SINCE_2_15 for piece in missing)
    what = ", ".join(f"{kind.name} {name}" if name else "a namespace" for kind, name in missing)
    fix = "kubectl -n kubeflow rollout restart deployment/profiles-deployment"
    if of_pipelines:
        fix = (
            "kubectl -n kubeflow rollout restart statefulset/metacontroller "
            f"deployment/{_DECORATOR}\nkubectl get decoratorcontrollers"
        )
    return Finding(
        fault=PROFILE_PIECES_MISSING,
        component="profiles",
        severity=PROFILE_PIECES_MISSING.severity,
        sentence=f"{_named(namespaces)} without {what}",
        fix=fix,
        evidence=tuple(_why(snapshot)) if of_pipelines else (),
        objects=tuple(f"Profile {name}" for name in namespaces),
    )


def _why(snapshot: Snapshot) -> Iterator[str]:
    gone = snapshot.saw(DECORATORS) and snapshot.named(DECORATORS, _DECORATOR) is None
    if gone and _has_2_15(snapshot):
        yield f"there is no DecoratorController {_DECORATOR}"


def _named(namespaces: Sequence[str]) -> str:
    if len(namespaces) == 1:
        return f"profile {namespaces[0]} is"
    more = len(namespaces) - _TOLD
    message = ", ".join(namespaces[:_TOLD]) + (f" and {more} more" if more > 0 else "")
    return f"{len(namespaces)} profiles ({message}) are"


def _failed(snapshot: Snapshot) -> Iterator[tuple[str, Finding]]:
    for profile in snapshot.all(PROFILES):
        name, owner = name_of(profile), text(profile, "spec", "owner", "name")
        namespace = snapshot.named(NAMESPACES, name)
        annotations: Mapping[str, str] = pairs(namespace, "metadata", "annotations")
        if namespace is not None and owner and annotations.get("owner") == owner:
            continue  # mended since: the controller never takes a condition back
        said = [
            " ".join(text(one, "message").split())
            for one in items(profile, "status", "conditions")
            if text(one, "type") == "Failed" and text(one, "status") != "False"
        ]
        if said:
            yield (
                name,
                Finding(
                    fault=PROFILE_FAILED,
                    component="profiles",
                    severity=PROFILE_FAILED.severity,
                    sentence=f"profile {name} has failed: {said[-1] or 'it does not say why'}",
                    fix=f"kubectl annotate namespace {name} --overwrite "
                    f"owner={shlex.quote(owner or 'EMAIL')}  "
                    f"# or: kubectl delete profile {name}",
                    evidence=(f"the namespace's owner is {annotations.get('owner', 'nobody')}",),
                    objects=(f"Profile {name}",),
                ),
            )


def _lacks_injection(snapshot: Snapshot, namespace: str) -> bool:
    found = snapshot.named(NAMESPACES, namespace)
    return (
        found is not None
        and "experiments.kubeflow.org" in snapshot.served
        and pairs(found, "metadata", "labels").get(_INJECTION) != "enabled"
    )


def _injection(namespaces: Sequence[str]) -> Finding:
    return Finding(
        fault=METRICS_INJECTION_OFF,
        component="katib",
        severity=METRICS_INJECTION_OFF.severity,
        sentence=f"{_named(namespaces)} without the label {_INJECTION}: trials there never end",
        fix="\n".join(
            f"kubectl label namespace {name} {_INJECTION}=enabled --overwrite"
            for name in namespaces
        ),
        objects=tuple(f"Namespace {name}" for name in namespaces),
    )
