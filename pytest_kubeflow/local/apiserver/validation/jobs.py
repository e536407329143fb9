"""Jobs and CronJobs.

Wording: kubernetes/pkg/apis/batch/validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.selectors.labelselectors import fits
from pytest_kubeflow.local.apiserver.validation.causes import (
    LABEL,
    MOST_LABEL,
    Cause,
    bad,
    required,
    shown,
    twice,
    unsupported,
)
from pytest_kubeflow.local.apiserver.validation.pods import template as pod_template
from pytest_kubeflow.local.cron import CronError, parse_standard

_NUMBERS = (
    "parallelism",
    "completions",
    "activeDeadlineSeconds",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
)
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_RESTARTS = ("OnFailure", "Never")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_NEGATIVE = "must be greater than or equal to 0"


def job(obj: Object) -> Iterator[Cause]:
    """A Job with its defaults and its selector."""
    metadata, spec = obj["metadata"], obj["spec"]
    labels = spec["template"]["metadata"].get("labels") or {}
    if not spec["manualSelector"]:
        yield from _generated(metadata, spec, labels)
    yield from job_spec(spec)
    if spec.get("selector") is None:
        yield required("spec.selector")
    elif not fits(spec["selector"], labels):
        why = "`selector` does not match template `labels`"
        yield shown("spec.template.metadata.labels", labels, why)
    completions = spec.get("completions") or 0
    if spec["completionMode"] == "Indexed" and completions > 0:
        host = f"{metadata['name']}-{completions - 1}"
        if len(host) > MOST_LABEL or not re.fullmatch(LABEL, host):
            why = f"will not able to create pod with invalid DNS label: {host}"
            yield bad("metadata.name", metadata["name"], why)


def _generated(metadata: Object, spec: Object, labels: Object) -> Iterator[Cause]:
    own = {"controller-uid": metadata["uid"], "job-name": metadata["name"]}
    wanted = {**own, **{f"batch.kubernetes.io/{key}": value for key, value in own.items()}}
    for key, value in wanted.items():
        if labels.get(key) != value:
            field = f"spec.template.metadata.labels[{key}]"
            yield shown(field, labels, f"must be '{value}'")
    if not fits(spec["selector"], wanted):
        yield shown("spec.selector", spec["selector"], "`selector` not auto-generated")


def job_spec(spec: Object) -> Iterator[Cause]:
    """What a Job has in common with the template of one."""
    for field in _NUMBERS:
        if (number := spec.get(field)) is not None and number < 0:
            yield bad(f"spec.{field}", number, _NEGATIVE)
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        yield required("spec.backoffLimitPerIndex", "when maxFailedIndexes is specified")
    mode = spec.get("completionMode") or "NonIndexed"
    if mode not in {"NonIndexed", "Indexed"}:
        yield unsupported("spec.completionMode", mode, ("NonIndexed", "Indexed"))
    yield from _indexed(spec) if mode == "Indexed" else _not_indexed(spec)
    yield from _failure_policy(spec)
    yield from _template(spec)


def _indexed(spec: Object) -> Iterator[Cause]:
    completions = spec.get("completions")
    if completions is None:
        yield required("spec.completions", "when completion mode is Indexed")
        return
    if (spec.get("maxFailedIndexes") or 0) > completions:
        why = "must be less than or equal to completions"
        yield bad("spec.maxFailedIndexes", spec["maxFailedIndexes"], why)
    if "successPolicy" not in spec:
        return
    rules = spec["successPolicy"].get("rules") or []
    if not rules:
        why = "at least one rules must be specified when the successPolicy is specified"
        yield required("spec.successPolicy.rules", why)
    for at, rule in enumerate(rules):
        path = f"spec.successPolicy.rules[{at}]"
        count = rule.get("succeededCount")
        if count is None and rule.get("succeededIndexes") is None:
            why = "at least one of succeededCount or succeededIndexes must be specified"
            yield required(path, why)
        if count is not None and count > completions:
            limit = f"must be less than or equal to {completions}"
            yield bad(
                f"{path}.succeededCount", count, f"{limit} (the number of specified completions)"
            )


def _not_indexed(spec: Object) -> Iterator[Cause]:
    for field in ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"):
        if (value := spec.get(field)) is not None:
            yield shown(f"spec.{field}", value, "requires indexed completion mode")


def _failure_policy(spec: Object) -> Iterator[Cause]:
    replacement = spec.get("podReplacementPolicy") or "Failed"
    policy = spec.get("podFailurePolicy")
    supported = _REPLACEMENTS if policy is None else _REPLACEMENTS[:1]
    if replacement not in supported:
        yield unsupported("spec.podReplacementPolicy", replacement, supported)
    containers = {
        one.get("name")
        for group in ("containers", "initContainers")
        for one in ((spec.get("template") or {}).get("spec") or {}).get(group) or []
    }
    for at, rule in enumerate((policy or {}).get("rules") or []):
        yield from _rule(f"spec.podFailurePolicy.rules[{at}]", rule, spec, containers)


def _rule(path: str, rule: Object, spec: Object, containers: set[str]) -> Iterator[Cause]:
    action = rule.get("action") or ""
    if not action:
        shown = " ".join(f'"{one}"' for one in _ACTIONS)
        yield required(f"{path}.action", f"valid values: [{shown}]")
    elif action not in _ACTIONS:
        yield unsupported(f"{path}.action", action, _ACTIONS)
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        yield bad(f"{path}.action", action, "requires the backoffLimitPerIndex to be set")
    codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    if codes is not None:
        yield from _exit_codes(f"{path}.onExitCodes", codes, containers)
    if codes is not None and conditions:
        why = "specifying both OnExitCodes and OnPodConditions is not supported"
        yield path, "FieldValueInvalid", f"Invalid value: {why}"
    if codes is None and not conditions:
        why = "specifying one of OnExitCodes and OnPodConditions is required"
        yield path, "FieldValueInvalid", f"Invalid value: {why}"


def _exit_codes(path: str, codes: Object, containers: set[str]) -> Iterator[Cause]:
    operator, values = codes.get("operator") or "", codes.get("values") or []
    if operator not in _OPERATORS:
        yield unsupported(f"{path}.operator", operator, _OPERATORS)
    name = codes.get("containerName")
    if name is not None and name not in containers:
        why = "must be one of the container or initContainer names in the pod template"
        yield bad(f"{path}.containerName", name, why)
    if not values:
        yield shown(f"{path}.values", values, "at least one value is required")
    for at, value in enumerate(values):
        if operator == "In" and value == 0:
            yield bad(f"{path}.values[{at}]", value, "must not be 0 for the In operator")
        if value in values[:at]:
            yield twice(f"{path}.values[{at}]", value)
    if values != sorted(values):
        yield shown(f"{path}.values", values, "must be ordered")


def _template(spec: Object) -> Iterator[Cause]:
    template = spec.get("template") or {}
    for field, reason, message in pod_template(template):
        if field != "spec.restartPolicy":
            yield f"spec.template.{field}", reason, message
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    field = "spec.template.spec.restartPolicy"
    if policy == "Always":  # also the default, which no Job can have
        yield required(field, 'valid values: "OnFailure", "Never"')
    elif policy not in _RESTARTS:
        yield unsupported(field, policy, _RESTARTS)
    elif policy != "Never" and spec.get("podFailurePolicy") is not None:
        yield bad(field, policy, 'only "Never" is supported when podFailurePolicy is specified')


_CONCURRENCY = ("Allow", "Forbid", "Replace")


def cron_job(obj: Object) -> Iterator[Cause]:
    """A CronJob and the Jobs that it would make."""
    spec = obj.get("spec") or {}
    schedule = spec.get("schedule") or ""
    if not schedule:
        yield required("spec.schedule")
    elif not schedule.startswith(("TZ=", "CRON_TZ=")):
        try:
            parse_standard(schedule)
        except CronError as error:
            yield bad("spec.schedule", schedule, str(error))
    if (policy := spec.get("concurrencyPolicy") or _CONCURRENCY[0]) not in _CONCURRENCY:
        yield unsupported("spec.concurrencyPolicy", policy, _CONCURRENCY)
    zone = spec.get("timeZone")
    if zone is not None and not _is_zone(zone):
        yield bad("spec.timeZone", zone, f"unknown time zone {zone}")
    for field, reason, message in job_spec((spec.get("jobTemplate") or {}).get("spec") or {}):
        yield f"spec.jobTemplate.{field}", reason, message


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True
