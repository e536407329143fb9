"""What JobSet's webhook refuses.

Rules and words: kubernetes-sigs/jobset v0.11, pkg/webhooks/jobset_webhook.go.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training import goerrors
from pytest_kubeflow.local.training.jobset.labels import coordinator, job_name, replicas

_MOST_PODS = 2**31 - 1
_LONGEST_MANAGER, _LONGEST_RULE, _LONGEST_VALUE = 63, 128, 63
_RULE = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_TOO_LONG = "JobSet name is too long, {} names generated for this JobSet will exceed 63 characters"
_REASONS = {
    "BackoffLimitExceeded",
    "DeadlineExceeded",
    "FailedIndexes",
    "MaxFailedIndexesExceeded",
    "PodFailurePolicy",
}
_CHANGEABLE = ("nodeSelector", "tolerations", "schedulingGates")


def refusal(jobset: Object) -> str:
    """Why there can be no such JobSet, a line each; empty if there can."""
    return "\n".join(_errors(jobset))


def refused_change(before: Object, after: Object) -> str:
    """Why a JobSet cannot become another; empty if it can."""
    old, new = before["spec"], copy.deepcopy(after["spec"])
    if old.get("suspend") or new.get("suspend"):
        pairs = zip(new["replicatedJobs"], old["replicatedJobs"], strict=False)
        for mine, theirs in pairs:
            _keep(mine["template"]["spec"]["template"], theirs["template"]["spec"]["template"])
    errors = [
        goerrors.invalid(f"spec.{field}", after["spec"].get(field), "field is immutable")
        for field in ("replicatedJobs", "managedBy")
        if new.get(field) != old.get(field)
    ]
    return goerrors.aggregate(errors) if errors else ""


def _keep(mine: Object, theirs: Object) -> None:
    """What may be changed while a JobSet is suspended is taken for what it was."""
    for part in ("labels", "annotations"):
        _copy(mine.setdefault("metadata", {}), theirs.get("metadata") or {}, part)
    for part in _CHANGEABLE:
        _copy(mine.setdefault("spec", {}), theirs.get("spec") or {}, part)


def _copy(mine: Object, theirs: Object, part: str) -> None:
    mine.pop(part, None)
    if part in theirs:
        mine[part] = theirs[part]


def _errors(jobset: Object) -> Iterator[str]:
    spec = jobset["spec"]
    every = spec.get("replicatedJobs") or []
    policy = spec.get("failurePolicy") or {}
    if policy.get("restartStrategy") == "InPlaceRestart":
        yield (
            "InPlaceRestart restart strategy cannot be set when InPlaceRestart feature gate is "
            "disabled"
        )
    if every and "dependsOn" in every[0]:
        yield "DependsOn can't be set for the first ReplicatedJob"
    yield from _network(spec.get("network") or {})
    yield from _manager(spec.get("managedBy"))
    names: set[str] = set()
    for at, one in enumerate(every):
        names.add(one["name"])
        yield from _replicated(jobset, one, f"spec.replicatedJobs[{at}]", names)
    for name in (spec.get("successPolicy") or {}).get("targetReplicatedJobs") or []:
        if name not in names:
            yield f"invalid replicatedJob name '{name}' does not appear in .spec.ReplicatedJobs"
    yield from _failure_policy(policy.get("rules") or [], names)
    if spec.get("coordinator"):
        yield from _coordinator(jobset)


def _network(network: Object) -> Iterator[str]:
    name = network.get("subdomain")
    if not name:
        return
    path = "spec.network.subdomain"
    long = ".spec.network.subdomain is too long, must be less than 63 characters"
    for why in (
        *goerrors.dns_1123_subdomain(name),
        *goerrors.dns_1035_label(name, too_long=long),
    ):
        yield goerrors.invalid(path, name, why)


def _manager(manager: str | None) -> Iterator[str]:
    if manager is None:
        return
    yield from goerrors.domain_prefixed_path("spec.managedBy", manager)
    if len(manager) > _LONGEST_MANAGER:
        yield f"spec.managedBy: Too long: may not be more than {_LONGEST_MANAGER} bytes"


def _replicated(jobset: Object, one: Object, path: str, names: set[str]) -> Iterator[str]:
    job = one["template"].get("spec") or {}
    number, name = replicas(one), one["name"]
    if job.get("parallelism", 1) * number > _MOST_PODS:
        yield (
            f"the product of replicas and parallelism must not exceed {_MOST_PODS} for "
            f"replicatedJob '{name}'"
        )
    group = one.get("groupName", "default")
    long = ".spec.replicatedJob[].groupName is too long, must be less than 63 characters"
    for why in goerrors.dns_1035_label(group, too_long=long):
        yield goerrors.invalid(f"{path}.groupName", group, why)
    longest = job_name(jobset, one, number - 1)
    for why in goerrors.dns_1035_label(longest, too_long=_TOO_LONG.format("job")):
        yield goerrors.invalid(f"{path}.name", longest, why)
    if job.get("completionMode") == "Indexed" and "completions" in job:
        pod = f"{longest}-{job['completions'] - 1}-abcde"
        for why in goerrors.dns_1035_label(pod, too_long=_TOO_LONG.format("pod")):
            yield goerrors.invalid(f"{path}.name", longest, why)
    for dependency in one.get("dependsOn") or []:
        if dependency["name"] not in names:
            yield (f"replicatedJob: {name} cannot depend on replicatedJob: {dependency['name']}")


def _failure_policy(rules: list[Any], names: set[str]) -> Iterator[str]:
    by_name: dict[str, list[int]] = {}
    for at, rule in enumerate(rules):
        name = rule["name"]
        by_name.setdefault(name, []).append(at)
        if not 1 <= len(name) <= _LONGEST_RULE:
            yield (
                f"invalid failure policy rule name of length {len(name)}, the rule name must be at "
                f"least 1 characters long and at most {_LONGEST_RULE} characters long"
            )
        if _RULE.fullmatch(name) is None:
            yield (
                f"invalid failure policy rule name '{name}', a failure policy rule name must start "
                "with an alphabetic character, optionally followed by a string of alphanumeric "
                "characters or '_,:', and must end with an alphanumeric character or '_'"
            )
        for target in rule.get("targetReplicatedJobs") or []:
            if target not in names:
                yield (
                    f"invalid replicatedJob name '{target}' in failure policy does not appear in "
                    ".spec.ReplicatedJobs"
                )
        for reason in rule.get("onJobFailureReasons") or []:
            if reason not in _REASONS:
                yield (
                    f"invalid job failure reason '{reason}' in failure policy is not a recognized "
                    "job failure reason"
                )
    for name, places in by_name.items():
        if len(places) > 1:
            listed = " ".join(map(str, places))
            yield (
                f"rule names are not unique, rules with indices [{listed}] all have the same name "
                f"'{name}'"
            )


def _coordinator(jobset: Object) -> Iterator[str]:
    chosen = jobset["spec"]["coordinator"]
    name, index = chosen["replicatedJob"], chosen.get("jobIndex", 0)
    pod = chosen.get("podIndex", 0)
    every = jobset["spec"].get("replicatedJobs") or []
    found = next((one for one in every if one["name"] == name), None)
    if found is None:
        yield f"coordinator replicatedJob {name} does not exist"
    elif not 0 <= index < replicas(found):
        yield f"coordinator job index {index} is invalid for replicatedJob {name}"
    else:
        job = found["template"].get("spec") or {}
        if job.get("completionMode") != "Indexed" or "completions" not in job:
            yield (
                "job for coordinator pod must be indexed completion mode, and completions number "
                "must be set"
            )
        elif not 0 <= pod < job["completions"]:
            yield (
                f"coordinator pod index {pod} is invalid for replicatedJob {name} job index {index}"
            )
    label = coordinator(jobset)
    if len(label) > _LONGEST_VALUE:
        yield (
            f'spec will lead to invalid label value "{label}" for coordinator label '
            '"jobset.sigs.k8s.io/coordinator" (long JobSet / ReplicatedJob / SubDomain name?): '
            f"must be no more than {_LONGEST_VALUE} characters"
        )
