"""What the API server refuses of Deployments, ReplicaSets and StatefulSets.

Wording: kubernetes/pkg/apis/apps/validation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.causes import Cause, bad, required, unsupported
from pytest_kubeflow.local.apiserver.claimvalidation import claim
from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.podvalidation import pod


def replicated(obj: Object) -> Iterator[Cause]:
    """A Deployment or a ReplicaSet."""
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    if spec.get("selector") is None:
        yield required("spec.selector")
    wanted = ((spec.get("selector") or {}).get("matchLabels") or {}).items()
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not wanted <= labels.items():
        shown = json.dumps(labels, separators=(",", ":"))
        why = "`selector` does not match template `labels`"
        field = "spec.template.metadata.labels"
        yield field, "FieldValueInvalid", f"Invalid value: {shown}: {why}"
    for field, reason, message in pod(template):
        yield f"spec.template.{field}", reason, message


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
        shown = json.dumps(spec.get("updateStrategy"), separators=(",", ":"))
        message = f"Invalid value: {shown}: must be 'RollingUpdate' or 'OnDelete'"
        yield "spec.updateStrategy", "FieldValueInvalid", message
    for when, kept in (spec.get("persistentVolumeClaimRetentionPolicy") or {}).items():
        if kept not in {"Retain", "Delete"}:
            field = f"spec.persistentVolumeClaimRetentionPolicy.{when}"
            yield unsupported(field, kept, ("Retain", "Delete"))
    for index, template in enumerate(spec.get("volumeClaimTemplates") or []):
        for field, reason, message in claim(template):
            yield f"spec.volumeClaimTemplates[{index}].{field}", reason, message
    for field in ("replicas", "minReadySeconds"):
        if (spec.get(field) or 0) < 0:
            yield bad(f"spec.{field}", spec[field], "must be greater than or equal to 0")
    if (spec.get("ordinals") or {}).get("start", 0) < 0:
        start = spec["ordinals"]["start"]
        yield bad("spec.ordinals.start", start, "must be greater than or equal to 0")
    yield from replicated({**obj, "spec": _with_claims(spec)})
    restarts = ((spec.get("template") or {}).get("spec") or {}).get("restartPolicy", "Always")
    if restarts != "Always":
        yield unsupported("spec.template.spec.restartPolicy", restarts, ("Always",))


def _with_claims(spec: Object) -> Object:
    """The spec with a template that has what the controller gives to the pods."""
    template = spec.get("template") or {}
    inner = template.get("spec") or {}
    names = [
        (one.get("metadata") or {}).get("name") for one in spec.get("volumeClaimTemplates") or []
    ]
    kept = [one for one in inner.get("volumes") or [] if one.get("name") not in names]
    volumes = [*({"name": name} for name in names), *kept]
    inner = {key: value for key, value in inner.items() if key not in {"hostname", "subdomain"}}
    return {**spec, "template": {**template, "spec": {**inner, "volumes": volumes}}}
