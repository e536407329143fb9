"""Jobs as they are written: their defaults, the selector of their pods, what may change.

Rules: kubernetes/pkg/apis/batch/v1/defaults.go and pkg/registry/batch/job/strategy.go.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, invalid
from pytest_kubeflow.local.apiserver.resources import ResourceType
from pytest_kubeflow.local.apiserver.validation.causes import Cause, bad
from pytest_kubeflow.local.kube.podspec import pod_template

ORPHANING = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background "
    "to remove them or set propagationPolicy=Orphan to suppress this warning"
)
_PREFIX = "batch.kubernetes.io/"
_BACKOFF_LIMIT, _NO_LIMIT = 6, 2**31 - 1
_IMMUTABLE = ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy")
_SCHEDULING = ("nodeSelector", "tolerations", "schedulingGates")


def defaulted(obj: Object) -> Object:
    """A Job with its defaults."""
    given = {key: value for key, value in (obj.get("spec") or {}).items() if value is not None}
    counts = {"parallelism": 1}
    if "completions" not in given and "parallelism" not in given:
        counts["completions"] = 1
    spec: dict[str, Any] = {
        **counts,
        "backoffLimit": _NO_LIMIT if "backoffLimitPerIndex" in given else _BACKOFF_LIMIT,
        "completionMode": "NonIndexed",
        "suspend": False,
        "podReplacementPolicy": "Failed" if "podFailurePolicy" in given else "TerminatingOrFailed",
        "manualSelector": False,
        **given,
        "template": pod_template(given.get("template") or {}),
    }
    if "podFailurePolicy" in given:
        spec["podFailurePolicy"] = _failure_policy(given["podFailurePolicy"])
    return {**obj, "spec": spec}


def cron_job(obj: Object) -> Object:
    """A CronJob with its defaults, which are not those of the Jobs that it makes."""
    given = {key: value for key, value in (obj.get("spec") or {}).items() if value is not None}
    made = {
        "concurrencyPolicy": "Allow",
        "suspend": False,
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
        **given,
    }
    job = given.get("jobTemplate")
    if isinstance(job, dict):
        spec = job.get("spec") or {}
        template = pod_template(spec.get("template") or {})
        spec = {**spec, "template": template}
        made["jobTemplate"] = {**job, "metadata": job.get("metadata") or {}, "spec": spec}
    return {"status": {}, **obj, "spec": made}


def _failure_policy(policy: Object) -> Object:
    return {
        **policy,
        "rules": [
            {
                **rule,
                "onPodConditions": [
                    {"status": "True", **pattern} for pattern in rule["onPodConditions"]
                ],
            }
            if rule.get("onPodConditions")
            else rule
            for rule in policy.get("rules") or []
        ],
    }


def selecting(obj: Object) -> Object:
    """A new Job, with the labels and the selector by which it finds its pods."""
    return _labelled(obj if obj["spec"]["manualSelector"] else _selecting(obj))


def _labelled(obj: Object) -> Object:
    """A Job without labels has those of its pods."""
    metadata, labels = obj["metadata"], obj["spec"]["template"]["metadata"].get("labels")
    if metadata.get("labels") or not labels:
        return obj
    return {**obj, "metadata": {**metadata, "labels": labels}}


def _selecting(obj: Object) -> Object:
    metadata, spec = obj["metadata"], obj["spec"]
    template = spec["template"]
    shape = template["metadata"]
    name, uid = metadata["name"], metadata["uid"]
    own = {"job-name": name, "controller-uid": uid}
    labels = {**own, **{f"{_PREFIX}{key}": value for key, value in own.items()}}
    selector = spec.get("selector") or {}
    selected = {f"{_PREFIX}controller-uid": uid, **(selector.get("matchLabels") or {})}
    shape = {**shape, "labels": {**labels, **(shape.get("labels") or {})}}
    spec = {
        **spec,
        "selector": {**selector, "matchLabels": selected},
        "template": {**template, "metadata": shape},
    }
    return {**obj, "spec": spec}


def check_update(kind: ResourceType, new: Object, old: Object) -> None:
    """Raise StatusError 422 where more of a Job changes than may."""
    causes = list(_changes(new["spec"], old))
    if causes:
        raise invalid(kind.group, kind.kind, new["metadata"]["name"], causes)


def _changes(spec: Object, old: Object) -> Iterator[Cause]:
    was = old["spec"]
    completions = spec.get("completions")
    if completions != was.get("completions"):
        if spec["completionMode"] != "Indexed":
            yield bad("spec.completions", completions, "field is immutable")
        elif completions != spec["parallelism"]:
            message = "can only be modified in tandem with spec.parallelism"
            yield bad("spec.completions", completions, message)
    if spec.get("selector") != was.get("selector"):
        yield _immutable("selector", spec)
    if spec["template"] != _movable(spec["template"], old):
        yield _immutable("template", spec)
    for field in (*_IMMUTABLE, "successPolicy"):
        if spec.get(field) != was.get(field):
            yield _immutable(field, spec)


def _immutable(field: str, spec: Object) -> Cause:
    shown = json.dumps(spec.get(field), separators=(",", ":"))
    message = f"Invalid value: {shown}: field is immutable"
    return f"spec.{field}", "FieldValueInvalid", message


def _movable(template: Object, old: Object) -> Object:
    """The template of before, with what a Job that has never started may still change of it."""
    was: Object = old["spec"]["template"]
    if not old["spec"].get("suspend") or (old.get("status") or {}).get("startTime"):
        return was
    inner = {key: value for key, value in was["spec"].items() if key not in _SCHEDULING}
    inner |= {key: template["spec"][key] for key in _SCHEDULING if key in template["spec"]}
    affinity = {**(was["spec"].get("affinity") or {})}
    affinity.pop("nodeAffinity", None)
    if node := (template["spec"].get("affinity") or {}).get("nodeAffinity"):
        affinity["nodeAffinity"] = node
    inner.pop("affinity", None)
    if affinity:
        inner["affinity"] = affinity
    shape = {key: value for key, value in was["metadata"].items() if key not in _LABELS}
    shape |= {key: template["metadata"][key] for key in _LABELS if key in template["metadata"]}
    return {**was, "metadata": shape, "spec": inner}


_LABELS = ("labels", "annotations")
