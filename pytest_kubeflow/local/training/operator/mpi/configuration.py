"""ConfigMap, account and rights of an MPIJob's launcher.

Rules: kubeflow/training-operator v1.9.2, newConfigMap and newLauncherRole of the controller mpi.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.framework import replicas_of
from pytest_kubeflow.local.training.operator.mpi.names import (
    DISCOVERY,
    HOSTFILE,
    KUBECTL_PATH,
    KUBEXEC,
    LAUNCHER,
    WORKER,
)
from pytest_kubeflow.local.training.operator.objects import owned_metadata, replica_name
from pytest_kubeflow.local.training.spoiling import hosts_told

_RIGHTS = "rbac.authorization.k8s.io"


def launcher_name(job: Object) -> str:
    """Of the launcher's pod, and of its account and its role where the job names none."""
    return f"{job['metadata']['name']}-launcher"


def config_name(job: Object) -> str:
    """Of its ConfigMap."""
    return f"{job['metadata']['name']}-config"


def account_name(job: Object) -> str:
    """Of the account of its launcher."""
    pod = replicas_of(job)[LAUNCHER]["template"]["spec"]
    return pod.get("serviceAccountName") or launcher_name(job)


def workers_wanted(job: Object) -> int:
    """How many workers there are to be."""
    worker = replicas_of(job).get(WORKER)
    return worker["replicas"] if worker else 0


def has_gpus(job: Object) -> bool:
    """Whether the launcher has GPUs, and so processes of its own."""
    return any(
        "gpu" in name
        for one in replicas_of(job)[LAUNCHER]["template"]["spec"]["containers"]
        for name in (one.get("resources") or {}).get("limits") or {}
    )


def new_config(job: Object, running: Sequence[str], faults: Faults) -> Object:
    """What the launcher's mpirun reads; `running` are the names of workers that run now."""
    spec = job["spec"]
    slots = spec.get("slotsPerWorker", 1)
    own = [launcher_name(job)] if has_gpus(job) else []
    workers = [replica_name(job, WORKER, index) for index in range(workers_wanted(job))]
    hosts = [*own, *hosts_told(faults, workers)]
    container = f" --container {name}" if (name := spec.get("mainContainer")) else ""
    enter = f'{KUBECTL_PATH}/kubectl exec ${{POD_NAME}}{container} -- /bin/sh -c "$*"'
    lines = [f"\necho {one}:{slots}" for one in sorted(running)]
    return {
        "metadata": _metadata(job, config_name(job)),
        "data": {
            HOSTFILE: "".join(f"{host} slots={slots}\n" for host in hosts),
            KUBEXEC: f"#!/bin/sh\nset -x\nPOD_NAME=$1\nshift\n{enter}",
            DISCOVERY: "".join(
                ["#!/bin/sh", *(f"\necho {one}:{slots}\n" for one in own), *lines],
            ),
        },
    }


def new_account(job: Object) -> Object:
    """Who the launcher is, at the API server."""
    return {"metadata": _metadata(job, account_name(job))}


def new_role(job: Object) -> Object:
    """What it may there: enter the workers.

    `get` is one more than the operator gives. What the delivered kubectl has (1.30) is a POST, and
    that of this cluster is a websocket, for which an API server asks for `get`, too.
    """
    workers = [replica_name(job, WORKER, index) for index in range(workers_wanted(job))]
    look = {"verbs": ["get", "list", "watch"], "apiGroups": [""], "resources": ["pods"]}
    enter = {
        "verbs": ["create", "get"],
        "apiGroups": [""],
        "resources": ["pods/exec"],
        "resourceNames": workers,
    }
    return {"metadata": _metadata(job, launcher_name(job)), "rules": [look, enter]}


def new_binding(job: Object) -> Object:
    """That its account has this role."""
    subject = {
        "kind": "ServiceAccount",
        "name": account_name(job),
        "namespace": job["metadata"]["namespace"],
    }
    return {
        "metadata": _metadata(job, launcher_name(job)),
        "subjects": [subject],
        "roleRef": {"apiGroup": _RIGHTS, "kind": "Role", "name": launcher_name(job)},
    }


def _metadata(job: Object, name: str) -> Object:
    return owned_metadata(job, name, labels={"app": job["metadata"]["name"]})
