"""The JobSet of a TrainJob, as Trainer applies it.

Rules: kubeflow/trainer v2.2, pkg/runtime/framework/plugins/jobset.
"""

from __future__ import annotations

import copy

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.resources import JOB_SETS
from pytest_kubeflow.local.training.trainer.info import (
    DATASET,
    MODEL,
    NODE,
    TRAINER,
    RuntimeInfo,
    ancestor_of,
    containers_of,
    upsert,
    variables,
)

_STEPS = {DATASET: "dataset", MODEL: "model"}


def job_set(info: RuntimeInfo, trainjob: Object) -> Object:
    """What is to be applied."""
    spec = copy.deepcopy(info.spec)
    for replicated, pods in zip(spec.get("replicatedJobs") or [], info.pod_sets, strict=True):
        job = replicated["template"].setdefault("spec", {})
        job |= {"parallelism": pods.count, "completions": pods.count}
        for container, added in zip(containers_of(replicated), pods.containers, strict=True):
            for field, items in (("env", added.env), ("ports", added.ports)):
                if items:
                    container[field] = items
        _initialize(replicated, trainjob)
        _train(replicated, trainjob)
    spec["suspend"] = trainjob["spec"].get("suspend", False)
    metadata = trainjob["metadata"]
    labelled = {"labels": info.labels, "annotations": info.annotations}
    return {
        "apiVersion": JOB_SETS.api_version,
        "kind": JOB_SETS.kind,
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            **{key: one for key, one in labelled.items() if one},
            "ownerReferences": [controller_reference(trainjob)],
        },
        "spec": spec,
    }


def _initialize(replicated: Object, trainjob: Object) -> None:
    """What brings data or a model is told from where."""
    ancestor = ancestor_of(replicated)
    if ancestor not in _STEPS:
        return
    replicated["replicas"] = 1
    given = (trainjob["spec"].get("initializer") or {}).get(_STEPS[ancestor])
    for container in containers_of(replicated):
        if container["name"] != ancestor or given is None:
            continue
        env = container.setdefault("env", [])
        if given.get("storageUri") is not None:
            upsert(env, {"name": "STORAGE_URI", "value": given["storageUri"]})
        upsert(env, *variables(given.get("env")))
        if given.get("secretRef") is not None:
            secret = {"secretRef": {"name": given["secretRef"]["name"]}}
            container.setdefault("envFrom", []).append(secret)
        if not env:
            del container["env"]


def _train(replicated: Object, trainjob: Object) -> None:
    """What trains is what the TrainJob says."""
    if ancestor_of(replicated) != TRAINER:
        return
    replicated["replicas"] = 1
    trainer = trainjob["spec"].get("trainer")
    for container in containers_of(replicated):
        if container["name"] != NODE or trainer is None:
            continue
        for field in ("image", "command", "args"):
            if trainer.get(field) is not None:
                container[field] = trainer[field]
        resources = trainer.get("resourcesPerNode") or {}
        wanted = {part: resources[part] for part in ("limits", "requests") if part in resources}
        if wanted:
            container["resources"] = wanted
        env = container.setdefault("env", [])
        upsert(env, *variables(trainer.get("env")))
        if not env:
            del container["env"]
