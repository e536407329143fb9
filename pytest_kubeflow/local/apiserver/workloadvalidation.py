"""What the API server refuses of Deployments, StatefulSets, Jobs and their kind.

Wording: kubernetes/pkg/apis/apps/validation and batch/validation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pytest_kubeflow.local.apiserver.causes import Cause, bad, required, unsupported
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


_CONCURRENCY = ("Allow", "Forbid", "Replace")
_CRON_FIELDS = 5


def job(obj: Object) -> Iterator[Cause]:
    template = (obj.get("spec") or {}).get("template") or {}
    for field, reason, message in pod(template):
        if field != "spec.restartPolicy":
            yield f"spec.template.{field}", reason, message
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    field = "spec.template.spec.restartPolicy"
    if policy == "Always":  # also the default, which no Job can have
        yield required(field, 'valid values: "OnFailure", "Never"')
    elif policy not in {"OnFailure", "Never"}:
        yield unsupported(field, policy, ("OnFailure", "Never"))


def cron_job(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    schedule = spec.get("schedule") or ""
    fields = schedule.split()
    if not schedule:
        yield required("spec.schedule")
    elif not schedule.startswith(("@", "TZ=", "CRON_TZ=")) and len(fields) != _CRON_FIELDS:
        found = f"expected exactly {_CRON_FIELDS} fields, found {len(fields)}: [{' '.join(fields)}]"
        yield bad("spec.schedule", schedule, found)
    if (policy := spec.get("concurrencyPolicy") or _CONCURRENCY[0]) not in _CONCURRENCY:
        yield unsupported("spec.concurrencyPolicy", policy, _CONCURRENCY)
    for field, reason, message in job(spec.get("jobTemplate") or {}):
        yield f"spec.jobTemplate.{field}", reason, message
