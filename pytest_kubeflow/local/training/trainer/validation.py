"""What Trainer's webhooks refuse.

Rules and words: kubeflow/trainer v2.2, pkg/webhooks, pkg/runtime/core and its plugins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training import goerrors
from pytest_kubeflow.local.training.release import Release
from pytest_kubeflow.local.training.trainer.info import (
    DATASET,
    MODEL,
    NODE,
    TRAINER,
    RuntimeInfo,
    ancestor_of,
    containers_of,
)
from pytest_kubeflow.local.training.trainer.patches import named_jobs
from pytest_kubeflow.local.training.trainer.policies import RESERVED

_REQUIRED = {TRAINER: NODE, MODEL: MODEL, DATASET: DATASET}
_INITIALIZERS = {"dataset": (DATASET, "datasetConfig"), "model": (MODEL, "modelConfig")}
_PROCESSES = ("auto", "cpu", "gpu")


def runtime_errors(runtime: Object) -> Iterator[str]:
    """What is wrong with a new runtime."""
    spec = (runtime.get("spec") or {}).get("template") or {}
    for at, one in enumerate((spec.get("spec") or {}).get("replicatedJobs") or []):
        ancestor, path = ancestor_of(one), f"spec.template.spec.replicatedJobs[{at}]"
        if ancestor not in _REQUIRED:
            continue
        if one.get("replicas", 1) != 1:
            yield goerrors.invalid(f"{path}.replicas", one["replicas"], "always must be 1")
        containers = containers_of(one)
        if not any(container["name"] == _REQUIRED[ancestor] for container in containers):
            why = f"must contain the required container for the ancestor: {ancestor}"
            shown = [_in_order(container) for container in containers]
            place = f"{path}.template.spec.template.spec.containers"
            yield goerrors.invalid(place, shown, why)


def _in_order(container: Object) -> Object:
    """A container as Go writes it: with resources behind its image and command."""
    first = ("name", "image", "command", "args", "workingDir", "ports", "envFrom", "env")
    known = {key: container[key] for key in first if key in container}
    return {**known, "resources": {}, **container}


def job_errors(trainjob: Object, info: RuntimeInfo, release: Release) -> Iterator[str]:
    """What is wrong with a TrainJob, whose runtime is there."""
    containers = {
        one["name"]: {
            container["name"]
            for group in ("initContainers", "containers")
            for container in containers_of(one, group)
        }
        for one in info.spec.get("replicatedJobs") or []
    }
    yield from _initializers(trainjob, containers)
    yield from _patches(trainjob, containers, release)
    yield from _torch(trainjob, info, release)


def _initializers(trainjob: Object, containers: dict[str, set[str]]) -> Iterator[str]:
    shown = reference_of(trainjob)
    given = trainjob["spec"].get("initializer") or {}
    for field, (name, config) in _INITIALIZERS.items():
        if given.get(field) is None:
            continue
        if name not in containers:
            why = f"must have {name} job when trainJob is configured with input {config}"
            yield goerrors.invalid("spec.runtimeRef", shown, why)
        elif name not in containers[name]:
            why = f"must have container with name - {name} in the {name} job"
            yield goerrors.invalid("spec.runtimeRef", shown, why)


def reference_of(trainjob: Object) -> Object:
    """The reference to the runtime, as Go's struct is written."""
    given = trainjob["spec"]["runtimeRef"]
    return {key: given[key] for key in ("name", "apiGroup", "kind") if key in given}


def _patches(trainjob: Object, containers: dict[str, set[str]], release: Release) -> Iterator[str]:
    path = f"spec.{release.patches}"
    given = trainjob["spec"].get(release.patches) or []
    newer = release.patches == "runtimePatches"
    if newer:
        for one in given:
            yield from goerrors.domain_prefixed_path(f"{path}.manager", one["manager"])
    for name, pod in named_jobs(trainjob, release):
        if name not in containers:
            job = "replicated job" if newer else "targetJob"
            why = f"must not have {job} that doesn't exist in the runtime job template"
            yield goerrors.invalid(path, given, why)
            if newer:
                continue
        yield from _pod_patch(path, given, name, pod, containers.get(name, set()))


def _pod_patch(
    path: str, given: Sequence[Object], job: str, pod: Object, known: set[str]
) -> Iterator[str]:
    for group, kind in (("initContainers", "initContainer"), ("containers", "container")):
        for one in pod.get(group) or []:
            if one["name"] not in known:
                why = f"must not have {kind} that doesn't exist in the runtime job {job}"
                yield goerrors.invalid(path, given, why)
            elif kind == "container" and one.get("env") and one["name"] in _REQUIRED.values():
                why = f"must not have envs for the {DATASET}, {MODEL}, {NODE} containers"
                yield goerrors.invalid(path, given, why)


def _torch(trainjob: Object, info: RuntimeInfo, release: Release) -> Iterator[str]:
    trainer = trainjob["spec"].get("trainer")
    if "torch" not in info.policy or trainer is None:
        return
    if not release.reserves_always:
        processes = trainer.get("numProcPerNode")
        if processes is None:
            return
        if isinstance(processes, str) and processes not in _PROCESSES:
            why = f"must have an int value or [{' '.join(_PROCESSES)}]"
            yield goerrors.invalid("spec.trainer.numProcPerNode", processes, why)
    env = trainer.get("env") or []
    reserved = sorted({one["name"] for one in env} & set(RESERVED))
    if reserved:
        listed = " ".join(reserved)
        why = f"must not have reserved envs, invalid envs configured: [{listed}]"
        yield goerrors.invalid("spec.trainer.env", env, why)


def patches_changed(before: Object, after: Object, release: Release) -> bool:
    """Whether patches of a TrainJob are others now."""
    old, new = (one["spec"].get(release.patches) or [] for one in (before, after))
    return bool(old != new)


def refused_patches(after: Object, jobset: Object | None, release: Release) -> Iterator[str]:
    """Why patches of a TrainJob with this JobSet may not be changed."""
    path, name = f"spec.{release.patches}", f"{release.patches[0].upper()}{release.patches[1:]}"
    if not after["spec"].get("suspend"):
        why = f"{name} can only be modified when the TrainJob is suspended"
        yield goerrors.forbidden(path, why)
        return
    for one in ((jobset or {}).get("status") or {}).get("replicatedJobsStatus") or []:
        if one["active"] > 0:
            why = (
                f"{name} cannot be modified when the JobSet's ReplicatedJob {one['name']} is "
                "still active"
            )
            yield goerrors.forbidden(path, why)
