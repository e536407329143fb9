"""Pods of an MPIJob: its launcher and its workers.

Rules: kubeflow/training-operator v1.9.2, newLauncher and newWorker of the controller mpi.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.training.operator.labels import INDEX, TYPE, labels_of
from pytest_kubeflow.local.training.operator.mpi.configuration import (
    account_name,
    config_name,
    has_gpus,
    launcher_name,
)
from pytest_kubeflow.local.training.operator.mpi.names import (
    CONFIG_PATH,
    CONFIG_VOLUME,
    DELIVERY_IMAGE,
    DISCOVERY,
    HOSTFILE,
    KUBECTL_PATH,
    KUBECTL_VOLUME,
    KUBEXEC,
    LAUNCHER,
    WORKER,
)
from pytest_kubeflow.local.training.operator.objects import pod_of, replica_name

_PROGRAM, _DATA = 0o555, 0o444
_DELIVERY = {"cpu": "100m", "ephemeral-storage": "5Gi", "memory": "512Mi"}
_AGENT = f"{CONFIG_PATH}/{KUBEXEC}"


def new_worker(job: Object, index: int) -> Object:
    """A worker, which waits to be entered unless it has a command."""
    labels = {**labels_of(job), TYPE: WORKER.lower(), INDEX: str(index)}
    pod = pod_of(job, WORKER, replica_name(job, WORKER, index), labels)
    spec = pod["spec"]
    container = spec["containers"][0]
    if not container.get("command"):
        container |= {"command": ["sleep"], "args": ["365d"]}
    _mount(container, CONFIG_VOLUME, CONFIG_PATH)
    spec["volumes"] = [*(spec.get("volumes") or []), _config(job, {KUBEXEC: _PROGRAM})]
    return pod


def new_launcher(job: Object) -> Object:
    """The launcher, which has a kubectl by the time that it begins."""
    labels = {**labels_of(job), TYPE: LAUNCHER.lower()}
    pod = pod_of(job, LAUNCHER, launcher_name(job), labels, leads=True)
    spec = pod["spec"]
    spec["serviceAccountName"] = account_name(job)
    spec["initContainers"] = [*(spec.get("initContainers") or []), _delivery(job)]
    container = spec["containers"][0]
    env = container.get("env") or []
    container["env"] = [*env, *_variables(job, {one["name"] for one in env})]
    _mount(container, KUBECTL_VOLUME, KUBECTL_PATH)
    _mount(container, CONFIG_VOLUME, CONFIG_PATH)
    modes = {KUBEXEC: _PROGRAM, HOSTFILE: _DATA, DISCOVERY: _PROGRAM}
    spec["volumes"] = [
        *(spec.get("volumes") or []),
        {"name": KUBECTL_VOLUME, "emptyDir": {}},
        _config(job, modes),
    ]
    return pod


def _variables(job: Object, known: set[str]) -> Sequence[Object]:
    """What MPI programs read; `known` are variables that the job has by itself."""
    found = {
        "OMPI_MCA_plm_rsh_agent": _AGENT,
        "OMPI_MCA_orte_default_hostfile": f"{CONFIG_PATH}/{HOSTFILE}",
    }
    if not has_gpus(job):  # it is not to take those of the workers
        found |= {"NVIDIA_VISIBLE_DEVICES": "", "NVIDIA_DRIVER_CAPABILITIES": ""}
    intel = {"I_MPI_HYDRA_BOOTSTRAP": "rsh", "I_MPI_HYDRA_BOOTSTRAP_EXEC": _AGENT}
    found |= {name: value for name, value in intel.items() if name not in known}
    return [{"name": name, **({"value": value} if value else {})} for name, value in found.items()]


def _delivery(job: Object) -> Object:
    """What puts a kubectl where the launcher finds it."""
    container: Object = {
        "name": "kubectl-delivery",
        "image": DELIVERY_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "TARGET_DIR", "value": KUBECTL_PATH},
            {"name": "NAMESPACE", "value": job["metadata"]["namespace"]},
        ],
        "resources": {"limits": dict(_DELIVERY), "requests": dict(_DELIVERY)},
    }
    _mount(container, KUBECTL_VOLUME, KUBECTL_PATH)
    _mount(container, CONFIG_VOLUME, CONFIG_PATH)
    return container


def _mount(container: Object, name: str, path: str) -> None:
    mounts = container.get("volumeMounts") or []
    container["volumeMounts"] = [*mounts, {"name": name, "mountPath": path}]


def _config(job: Object, modes: dict[str, int]) -> Object:
    """The volume with the keys of the job's ConfigMap."""
    items = [{"key": key, "path": key, "mode": mode} for key, mode in modes.items()]
    return {"name": CONFIG_VOLUME, "configMap": {"name": config_name(job), "items": items}}
