"""Patches of a runtime that a TrainJob brings: podTemplateOverrides of 2.1, runtimePatches of 2.2.

Rules: kubeflow/trainer pkg/runtime/core/trainingruntime.go of both releases.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.strategicmerge import strategic_merge
from pytest_kubeflow.local.training.release import Release

_OVERRIDES = "podTemplateOverrides"


def patched(spec: Object, trainjob: Object, release: Release) -> Object:
    """The spec of a JobSet with the patches of a TrainJob, in their order."""
    every = list(spec.get("replicatedJobs") or [])
    for name, patch in _patches(trainjob, release):
        for at, one in enumerate(every):
            if one["name"] == name:
                template = strategic_merge(one["template"], patch)
                every[at] = {**one, "template": template}
    return {**spec, "replicatedJobs": every}


def metadata_of(template: Object, trainjob: Object, release: Release, part: str) -> dict[str, str]:
    """`labels` or `annotations` of the JobSet: those of the runtime, then the TrainJob's."""
    found = dict((template.get("metadata") or {}).get(part) or {})
    if release.patches == _OVERRIDES:
        return found | (trainjob["spec"].get(part) or {})
    for one in trainjob["spec"].get(release.patches) or []:
        given = (_of(one, "trainingRuntimeSpec", "template").get("metadata") or {}).get(part)
        found |= given or {}
    return found


def _patches(trainjob: Object, release: Release) -> Iterator[tuple[str, Object]]:
    """Names of replicated Jobs, and what to merge into their templates."""
    for one in trainjob["spec"].get(release.patches) or []:
        if release.patches == _OVERRIDES:
            pod = {part: one[part] for part in ("metadata", "spec") if one.get(part)}
            for target in one.get("targetJobs") or []:
                yield target["name"], {"spec": {"template": pod}}
            continue
        spec = _of(one, "trainingRuntimeSpec", "template", "spec")
        for job in spec.get("replicatedJobs") or []:
            if job.get("template"):
                yield job["name"], job["template"]


def named_jobs(trainjob: Object, release: Release) -> Iterator[tuple[str, Object]]:
    """Names of the replicated Jobs that patches are for, and the spec of the pod in each."""
    for one in trainjob["spec"].get(release.patches) or []:
        if release.patches == _OVERRIDES:
            for target in one.get("targetJobs") or []:
                yield target["name"], one.get("spec") or {}
            continue
        spec = _of(one, "trainingRuntimeSpec", "template", "spec")
        for job in spec.get("replicatedJobs") or []:
            yield job["name"], _of(job, "template", "spec", "template", "spec")


def _of(obj: Any, *path: str) -> Object:
    for part in path:
        obj = obj.get(part) or {}
    found: Object = obj
    return found
