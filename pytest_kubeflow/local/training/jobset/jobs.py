"""Jobs of a JobSet: what a new one looks like, and those that there are, by how they fare.

Rules: kubernetes-sigs/jobset v0.11, pkg/controllers/jobset_controller.go.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pytest_kubeflow.local.controllers.job.conditions import finished
from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.jobset.labels import (
    EXCLUSIVE,
    NAMESPACED_JOB,
    NO_SCHEDULE,
    NODE_SELECTOR,
    REPLICATED_JOB,
    RESTARTS,
    job_name,
    marks,
    replicas,
    subdomain,
)


@dataclass
class ChildJobs:
    """Those of the run that goes on, and those of `previous` ones, which are to be deleted."""

    active: list[Object] = field(default_factory=list)
    successful: list[Object] = field(default_factory=list)
    failed: list[Object] = field(default_factory=list)
    previous: list[Object] = field(default_factory=list)

    @staticmethod
    def sorted(jobs: Iterable[Object], restarts: int) -> ChildJobs:
        """By what their labels and conditions say."""
        found = ChildJobs()
        kinds = {None: found.active, "Complete": found.successful, "Failed": found.failed}
        for job in jobs:
            if int((job["metadata"].get("labels") or {})[RESTARTS]) < restarts:
                found.previous.append(job)
            else:
                condition = finished(job)
                kinds[None if condition is None else condition["type"]].append(job)
        return found

    def __iter__(self) -> Any:
        return iter((*self.active, *self.successful, *self.failed, *self.previous))


def is_suspended(obj: Object) -> bool:
    """Whether a Job or a JobSet is to have no pods."""
    return bool(obj["spec"].get("suspend"))


def missing_jobs(jobset: Object, replicated: Object, owned: ChildJobs) -> list[Object]:
    """Those that are to be made."""
    policy = jobset["spec"].get("failurePolicy") or {}
    if owned.previous and policy.get("restartStrategy") == "BlockingRecreate":
        return []
    there = {one["metadata"]["name"] for one in owned}
    return [
        new_job(jobset, replicated, index)
        for index in range(replicas(replicated))
        if job_name(jobset, replicated, index) not in there
    ]


def new_job(jobset: Object, replicated: Object, index: int) -> Object:
    """The Job of this index."""
    template = copy.deepcopy(replicated["template"])
    spec: Object = template.get("spec") or {}
    pod: Object = spec.setdefault("template", {})
    pod_spec: Object = pod.setdefault("spec", {})
    pod["metadata"] = _marked(jobset, replicated, index, pod.get("metadata") or {})
    metadata = _marked(jobset, replicated, index, template.get("metadata") or {})
    if (jobset["spec"].get("network") or {}).get("enableDNSHostnames"):
        pod_spec["subdomain"] = subdomain(jobset)
    name, namespace = job_name(jobset, replicated, index), jobset["metadata"]["namespace"]
    if EXCLUSIVE in metadata["annotations"] and NODE_SELECTOR in metadata["annotations"]:
        pod_spec.setdefault("nodeSelector", {})[NAMESPACED_JOB] = f"{namespace}_{name}"
        toleration = {"key": NO_SCHEDULE, "operator": "Exists", "effect": "NoSchedule"}
        pod_spec.setdefault("tolerations", []).append(toleration)
    spec["suspend"] = is_suspended(jobset)
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": metadata["labels"],
            "annotations": metadata["annotations"],
            "ownerReferences": [controller_reference(jobset)],
        },
        "spec": spec,
    }


def _marked(jobset: Object, replicated: Object, index: int, metadata: Object) -> Object:
    found = marks(jobset, replicated, index)
    annotations = {**(metadata.get("annotations") or {}), **found}
    for source in (jobset["metadata"], (replicated["template"].get("metadata") or {})):
        given = source.get("annotations") or {}
        if EXCLUSIVE in given:
            kept = (one for one in (EXCLUSIVE, NODE_SELECTOR) if one in given)
            annotations |= {one: given[one] for one in kept}
    labels = {**(metadata.get("labels") or {}), **found}
    return {**metadata, "labels": labels, "annotations": annotations}


def resumed(job: Object, replicated: Object) -> Object:
    """A Job that was suspended, as it goes on: what Kueue may have changed meanwhile is taken."""
    changed = copy.deepcopy(job)
    template, given = changed["spec"]["template"], replicated["template"]["spec"]["template"]
    for part in ("labels", "annotations"):
        merged = {
            **(template["metadata"].get(part) or {}),
            **((given.get("metadata") or {}).get(part) or {}),
        }
        template["metadata"][part] = merged
    spec, wanted = template["spec"], given.get("spec") or {}
    if selector := {**(spec.get("nodeSelector") or {}), **(wanted.get("nodeSelector") or {})}:
        spec["nodeSelector"] = selector
    for part in ("tolerations", "schedulingGates"):
        here = spec.get(part) or []
        there = [one for one in wanted.get(part) or [] if one not in here]
        if here or there:
            spec[part] = [*here, *there]
    changed["spec"]["suspend"] = False
    return changed


def of_replicated(jobs: Iterable[Object], name: str) -> list[Object]:
    """The Jobs of one replicated Job."""
    return [one for one in jobs if one["metadata"]["labels"].get(REPLICATED_JOB) == name]
