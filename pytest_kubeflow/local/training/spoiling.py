"""Faults of training: what its operators do wrong while one is on."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.platform.images import PROXY_IMAGE
from pytest_kubeflow.local.training.jobset.jobs import ChildJobs

_PATCHES = frozenset({"podTemplateOverrides", "runtimePatches"})
_PROXY, _INJECT = "istio-proxy", "sidecar.istio.io/inject"


def service_missing(faults: Faults) -> bool:
    """Whether JobSet forgets the Service by which pods find each other."""
    return faults.active("training-no-dns")


def false_complete(faults: Faults, owned: ChildJobs) -> bool:
    """Whether a JobSet with these Jobs is called complete though one has failed."""
    return bool(owned.failed) and faults.active("training-false-complete")


def failures_seen(faults: Faults, jobset: Object) -> Object:
    """A JobSet as its failure policy is read."""
    policy = jobset["spec"].get("failurePolicy")
    if policy is None or not faults.active("training-restart-ignored"):
        return jobset
    return {**jobset, "spec": {**jobset["spec"], "failurePolicy": {**policy, "maxRestarts": 0}}}


def webhook_dead(faults: Faults) -> bool:
    """Whether JobSet's webhook answers nothing that the API server understands."""
    return faults.active("training-stuck")


def group_of_one(faults: Faults, nodes: int) -> int:
    """How many nodes a program is told that there are."""
    return 1 if faults.active("training-world-one") else nodes


def rank_source(faults: Faults, path: str) -> Object:
    """Where the variable with the rank of a node comes from, which is this field of its pod."""
    if faults.active("training-ranks-equal"):
        return {"value": "0"}
    return {"valueFrom": {"fieldRef": {"fieldPath": path}}}


def trainer_ignores(faults: Faults) -> bool:
    """Whether Trainer's controller looks at no TrainJob."""
    return faults.active("training-ignored")


def as_trained(faults: Faults, trainjob: Object) -> Object:
    """A TrainJob as its controller reads it."""
    spec = dict(trainjob["spec"])
    if faults.active("training-suspend-ignored"):
        spec["suspend"] = False
    if faults.active("training-patches-ignored"):
        spec = {field: one for field, one in spec.items() if field not in _PATCHES}
    return {**trainjob, "spec": spec}


def unchecked(faults: Faults) -> bool:
    """Whether Trainer's webhook looks at no TrainJob."""
    return faults.active("training-unchecked")


def add_sidecar(faults: Faults, pod: Object) -> None:
    """Put a mesh's proxy into a pod, unless the pod says no: one that does not end with it.

    Where patches are ignored it is one that ends, so that nothing else goes wrong.
    """
    native = faults.active("training-patches-ignored")
    if not native and not faults.active("training-sidecars-block"):
        return
    metadata = pod["metadata"]
    for marks in (metadata.get("labels") or {}, metadata.get("annotations") or {}):
        if marks.get(_INJECT) == "false":
            return
    field = "initContainers" if native else "containers"
    status = json.dumps({field: [_PROXY], "revision": "default"})
    metadata.setdefault("annotations", {})["sidecar.istio.io/status"] = status
    container = {"name": _PROXY, "image": PROXY_IMAGE, "args": ["proxy", "sidecar"]}
    if native:
        container["restartPolicy"] = "Always"
    pod["spec"][field] = [*(pod["spec"].get(field) or []), container]


def as_made(faults: Faults, job: Object) -> Object:
    """A Job of a JobSet as it is made."""
    if not faults.active("training-restart-ignored"):
        return job
    template = job["spec"]["template"]
    pod = {**template["spec"], "restartPolicy": "Never"}
    spec = {**job["spec"], "backoffLimit": 0, "template": {**template, "spec": pod}}
    return {**job, "spec": spec}


def rank_told(faults: Faults, rank: int) -> int:
    """The rank that a replica is told."""
    return 0 if faults.active("training-ranks-equal") else rank


def numbers_seen(faults: Faults, counted: Object) -> tuple[int, int, int]:
    """How many replicas are active, done and failed, as a status counts them."""
    active, succeeded, failed = (counted.get(one, 0) for one in ("active", "succeeded", "failed"))
    if faults.active("training-false-complete"):
        return active, succeeded + failed, 0
    return active, succeeded, failed


def hosts_told(faults: Faults, hosts: Sequence[str]) -> list[str]:
    """The hosts of a group, as its members are told them."""
    if faults.active("training-ranks-equal"):
        return [*hosts[:1]] * len(hosts)
    return [*hosts[:1]] if faults.active("training-world-one") else [*hosts]


def restart_policy(faults: Faults, replica: Object) -> str:
    """By which a replica of one of the operator's jobs is made again."""
    return "Never" if faults.active("training-restart-ignored") else str(replica["restartPolicy"])
