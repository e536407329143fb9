"""What a PyTorchJob leaves out, as the operator fills it in each time it looks at one.

Rules: kubeflow/training-operator v1.9.2, pkg/apis/kubeflow.org/v1/pytorch_defaults.go.
"""

from __future__ import annotations

import copy

from pytest_kubeflow.local.kube.client import Object

MASTER, WORKER = "Master", "Worker"
CONTAINER, PORT_NAME, PORT = "pytorch", "pytorchjob-port", 23456


def with_defaults(job: Object) -> Object:
    """The PyTorchJob with everything."""
    changed = copy.deepcopy(job)
    spec: Object = changed["spec"]
    spec.setdefault("runPolicy", {}).setdefault("cleanPodPolicy", "None")
    named = {one.lower(): one for one in (MASTER, WORKER)}
    replicas = {
        named.get(kind.lower(), kind): one
        for kind, one in (spec.get("pytorchReplicaSpecs") or {}).items()
    }
    for one in replicas.values():
        one.setdefault("replicas", 1)
        one["restartPolicy"] = one.get("restartPolicy") or "OnFailure"
        container = main_container(one)
        ports = container.setdefault("ports", [])
        if not any(port.get("name") == PORT_NAME for port in ports):
            ports.append({"name": PORT_NAME, "containerPort": PORT})
    # The master first, so that workers do not wait for it longer than they have to.
    spec["pytorchReplicaSpecs"] = {kind: replicas[kind] for kind in sorted(replicas)}
    elastic = spec.get("elasticPolicy")
    if elastic is None or elastic.get("nProcPerNode") is None:
        spec.setdefault("nprocPerNode", "auto")
    return changed


def main_container(replica: Object) -> Object:
    """The container that trains, or the first one."""
    containers: list[Object] = replica["template"]["spec"]["containers"]
    return next((one for one in containers if one.get("name") == CONTAINER), containers[0])


def total(job: Object) -> int:
    """How many pods there are."""
    return sum(one["replicas"] for one in job["spec"]["pytorchReplicaSpecs"].values())
