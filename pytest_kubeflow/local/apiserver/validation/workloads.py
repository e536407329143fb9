"""Deployments, ReplicaSets, DaemonSets and StatefulSets.

Wording: kubernetes/pkg/apis/apps/validation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import (
    Cause,
    bad,
    below,
    forbidden,
    negative,
    required,
    shown,
    unsupported,
)
from pytest_kubeflow.local.apiserver.validation.pods import template as pod_template
from pytest_kubeflow.local.apiserver.validation.storage import claim

_TYPES = ("Recreate", "RollingUpdate")


def deployment(obj: Object) -> Iterator[Cause]:
    yield from replicated(obj)
    spec = obj.get("spec") or {}
    strategy = spec.get("strategy") or {}
    kind, rolling = strategy.get("type") or "RollingUpdate", strategy.get("rollingUpdate")
    if kind not in _TYPES:
        named = json.dumps({"Type": kind, "RollingUpdate": rolling}, separators=(",", ":"))
        listed = ", ".join(f'"{one}"' for one in _TYPES)
        why = f"Unsupported value: {named}: supported values: {listed}"
        yield "spec.strategy", "FieldValueNotSupported", why
    elif kind == "Recreate" and rolling:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden("spec.strategy.rollingUpdate", why)
    elif rolling and _nothing(rolling.get("maxUnavailable")) and _nothing(rolling.get("maxSurge")):
        field = "spec.strategy.rollingUpdate.maxUnavailable"
        yield bad(field, rolling.get("maxUnavailable"), "may not be 0 when `maxSurge` is 0")
    for field in ("revisionHistoryLimit", "progressDeadlineSeconds"):
        yield from negative(f"spec.{field}", spec.get(field))
    deadline, least = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if deadline is not None and deadline <= least:
        field = "spec.progressDeadlineSeconds"
        yield bad(field, deadline, "must be greater than minReadySeconds")


def selector_update(new: Object, old: Object) -> Iterator[Cause]:
    """The selector of a workload stays as it is."""
    if new["spec"].get("selector") != old["spec"].get("selector"):
        yield shown("spec.selector", new["spec"].get("selector"), "field is immutable")


def _nothing(value: object) -> bool:
    return value in {0, "0%"}


def replicated(obj: Object) -> Iterator[Cause]:
    """A Deployment or a ReplicaSet, or a StatefulSet or DaemonSet as far as it is like these."""
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    for field in ("replicas", "minReadySeconds"):
        yield from negative(f"spec.{field}", spec.get(field))
    if spec.get("selector") is None:
        yield required("spec.selector")
    wanted = ((spec.get("selector") or {}).get("matchLabels") or {}).items()
    labels = (template.get("metadata") or {}).get("labels") or {}
    if spec.get("selector") is None or not wanted <= labels.items():
        why = "`selector` does not match template `labels`"
        yield shown("spec.template.metadata.labels", labels or None, why)
    yield from below("spec.template", pod_template(template))
    restarts = (template.get("spec") or {}).get("restartPolicy", "Always")
    if restarts in {"Never", "OnFailure"}:
        yield unsupported("spec.template.spec.restartPolicy", restarts, ("Always",))


_POLICIES = ("OrderedReady", "Parallel")
_STRATEGIES = ("RollingUpdate", "OnDelete")


def stateful_set(obj: Object) -> Iterator[Cause]:
    """A StatefulSet; the volumes of its claims may be mounted."""
    spec = obj.get("spec") or {}
    policy = spec.get("podManagementPolicy")
    strategy = (spec.get("updateStrategy") or {}).get("type")
    if policy not in _POLICIES:
        yield bad("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'")
    if strategy not in _STRATEGIES:
        why = "must be 'RollingUpdate' or 'OnDelete'"
        yield shown("spec.updateStrategy", spec.get("updateStrategy"), why)
    for when, kept in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).items():
        if kept not in {"Retain", "Delete"}:
            field = f"spec.persistentVolumeClaimRetentionPolicy.{when}"
            yield unsupported(field, kept, ("Retain", "Delete"))
    for index, template in enumerate(spec.get("volumeClaimTemplates") or []):
        for field, reason, message in claim(template):
            yield f"spec.volumeClaimTemplates[{index}].{field}", reason, message
    if (spec.get("ordinals") or {}).get("start", 0) < 0:
        start = spec["ordinals"]["start"]
        yield bad("spec.ordinals.start", start, "must be greater than or equal to 0")
    yield from replicated({**obj, "spec": _with_claims(spec)})


def _with_claims(spec: Object) -> Object:
    """The spec with a template that has what the controller gives to the pods."""
    template = spec.get("template") or {}
    inner = template.get("spec") or {}
    names = [
        (one.get("metadata") or {}).get("name") for one in spec.get("volumeClaimTemplates") or []
    ]
    kept = [one for one in inner.get("volumes") or [] if one.get("name") not in names]
    volumes = [*({"name": name, "emptyDir": {}} for name in names), *kept]
    inner = {key: value for key, value in inner.items() if key not in {"hostname", "subdomain"}}
    return {**spec, "template": {**template, "spec": {**inner, "volumes": volumes}}}
