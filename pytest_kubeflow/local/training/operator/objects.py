"""Pods of jobs, whatever their kind, and the Service by which each replica is found.

Rules: kubeflow/training-operator v1.9.2, pkg/controller.v1/common.
"""

from __future__ import annotations

import copy
from typing import Any

from pytest_kubeflow.local.controllers.owners import controller_reference
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.framework import replicas_of
from pytest_kubeflow.local.training.operator.labels import INDEX, ROLE, TYPE, labels_of


def replica_name(job: Object, kind: str, index: int) -> str:
    """Of a pod and of its Service."""
    return f"{job['metadata']['name']}-{kind.lower()}-{index}"


def labels_of_replica(job: Object, kind: str, index: int) -> dict[str, str]:
    """Those of a pod, and of its Service."""
    return {**labels_of(job), TYPE: kind.lower(), INDEX: str(index)}


def main_container(replica: Object, name: str) -> Object:
    """The container of a replica that trains, which has this name, or else the first one."""
    containers: list[Object] = replica["template"]["spec"]["containers"]
    return next((one for one in containers if one.get("name") == name), containers[0])


def owned_metadata(job: Object, name: str, **more: Any) -> Object:
    """Metadata of what belongs to a job."""
    return {
        "name": name,
        "namespace": job["metadata"]["namespace"],
        "ownerReferences": [controller_reference(job)],
        **{key: value for key, value in more.items() if value},
    }


def pod_of(
    job: Object, kind: str, name: str, labels: dict[str, str], *, leads: bool = False
) -> Object:
    """The pod `name` of a replica with these labels, as its template has it."""
    replica = replicas_of(job)[kind]
    template = copy.deepcopy(replica["template"])
    metadata, spec = template.get("metadata") or {}, template["spec"]
    every = {**(metadata.get("labels") or {}), **labels}
    if leads:
        every[ROLE] = "master"
    policy = replica["restartPolicy"]
    spec["restartPolicy"] = "Never" if policy == "ExitCode" else policy
    annotations = metadata.get("annotations")
    return {
        "metadata": owned_metadata(job, name, labels=every, annotations=annotations),
        "spec": spec,
    }


def new_service(job: Object, kind: str, index: int, container: str) -> Object:
    """The headless Service by which a replica is found; `container` is the one that trains."""
    labels = labels_of_replica(job, kind, index)
    main = main_container(replicas_of(job)[kind], container)
    ports = [{"name": one.get("name", ""), "port": one["containerPort"]} for one in main["ports"]]
    return {
        "metadata": owned_metadata(job, replica_name(job, kind, index), labels=labels),
        "spec": {"clusterIP": "None", "selector": labels, "ports": ports},
    }
