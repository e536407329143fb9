"""The components of a Kubernetes, each a program of its own, and what shows that they work."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from kubernetes.client import BatchV1Api

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.controllers.persistentvolume import PROVISIONER

_SECONDS = 180.0
_NODE = "node-a"
_CLASS = "of-programs"
_SCRIPT = "echo kept > /data/file"


@contextmanager
def api_server() -> Iterator[Path]:
    """The kubeconfig of an API server which has nothing beside it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest_kubeflow.local.apiserver"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Path(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def running(kubeconfig: Path, folder: Path) -> Iterator[Path]:
    """Controllers, scheduler and kubelet beside the API server of `kubeconfig`; all end well.

    Gives the directory of volumes.
    """
    volumes = folder / "volumes"
    volumes.mkdir()
    node = ("--node-name", _NODE)
    programs = {
        "controllers": [*node, "--directory", str(volumes)],
        "scheduler": [],
        "kubelet": [*node, "--host-path", str(volumes)],
    }
    with ExitStack() as stack:
        for name, options in programs.items():
            stack.enter_context(_program(name, ["--kubeconfig", str(kubeconfig), *options], folder))
        yield volumes


@contextmanager
def _program(name: str, options: list[str], folder: Path) -> Iterator[None]:
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"pytest_kubeflow.local.{name}", *options],
            stdout=output,
            stderr=output,
        )
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        code = process.wait(_SECONDS)
    assert code == 0, log.read_text()
    assert "Traceback" not in log.read_text()


def check(kubeconfig: Path, volumes: Path) -> None:
    """A pod keeps a file on a volume, workloads do what they are for, and all of it goes again."""
    client = KubernetesClient(kubeconfig)
    namespace = "programs"
    try:
        client.storage.create_storage_class(
            {
                "metadata": {"name": _CLASS},
                "provisioner": PROVISIONER,
                "volumeBindingMode": "WaitForFirstConsumer",
            }
        )
        client.core.create_namespace({"metadata": {"name": namespace}})
        _until(lambda: "default" in _names(client.core.list_namespaced_service_account(namespace)))
        claim = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": _CLASS,
        }
        client.core.create_namespaced_persistent_volume_claim(
            namespace, {"metadata": {"name": "data"}, "spec": claim}
        )
        client.core.create_namespaced_pod(namespace, _writing("data"))
        workload = {"metadata": {"name": "two"}, "spec": _two_replicas()}
        client.apps.create_namespaced_deployment(namespace, workload)
        _until(
            lambda: client.core.read_namespaced_pod("writes", namespace).status.phase == "Succeeded"
        )
        (written,) = volumes.glob("*/file")
        assert written.read_text() == "kept\n"
        _until(
            lambda: (
                client.apps.read_namespaced_deployment("two", namespace).status.available_replicas
                == 2
            )
        )
        _check_members(client, namespace)
        client.core.delete_namespace(namespace)
        _until(lambda: namespace not in _names(client.core.list_namespace()))
        _until(lambda: not _names(client.core.list_persistent_volume()))
        assert not list(volumes.iterdir())
        client.core.delete_node(_NODE)
        client.storage.delete_storage_class(_CLASS, _preload_content=False)
    finally:
        client.close()


def _check_members(client: KubernetesClient, namespace: str) -> None:
    """The members of a StatefulSet have names, which the pods of a Job find."""
    batch = BatchV1Api(client.core.api_client)
    name = "named"
    service = {"clusterIP": "None", "selector": {"app": "two"}}
    body = {"metadata": {"name": name}, "spec": service}
    client.core.create_namespaced_service(namespace, body)
    spec = {**_two_replicas(), "serviceName": name, "updateStrategy": {"type": "RollingUpdate"}}
    client.apps.create_namespaced_stateful_set(
        namespace, {"metadata": {"name": name}, "spec": spec}
    )
    script = (
        f"until grep -q {name}-$JOB_COMPLETION_INDEX.{name}.{namespace}.svc.cluster.local "
        "/etc/hosts; do sleep 0.1; done"
    )
    main = {"name": "main", "image": "busybox:1", "command": ["sh", "-c", script]}
    template = {"spec": {"restartPolicy": "Never", "containers": [main]}}
    job = {
        "completions": 2,
        "parallelism": 2,
        "completionMode": "Indexed",
        "ttlSecondsAfterFinished": 0,
        "template": template,
    }
    batch.create_namespaced_job(namespace, {"metadata": {"name": "finds"}, "spec": job})

    def ready() -> bool:
        status = client.apps.read_namespaced_stateful_set(name, namespace).status
        return bool(status.ready_replicas == status.updated_replicas == 2)

    _until(ready)
    # It goes by itself once it is over.
    _until(lambda: "finds" not in _names(batch.list_namespaced_job(namespace)))


def _writing(claim: str) -> dict[str, Any]:
    main = {
        "name": "main",
        "image": "busybox:1",
        "command": ["sh", "-c", _SCRIPT],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": claim}}
    spec = {"restartPolicy": "Never", "containers": [main], "volumes": [volume]}
    return {"metadata": {"name": "writes"}, "spec": spec}


def _two_replicas() -> dict[str, Any]:
    labels = {"app": "two"}
    main = {"name": "main", "image": "busybox:1", "command": ["sleep", "3600"]}
    pod = {"terminationGracePeriodSeconds": 0, "containers": [main]}
    return {
        "replicas": 2,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }


def _names(listed: Any) -> set[str]:
    return {one.metadata.name for one in listed.items}


def _until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.1)
