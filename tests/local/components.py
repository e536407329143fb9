"""The components of a Kubernetes, each a program of its own, and what shows that they work."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.controllers.persistentvolume import PROVISIONER

_SECONDS = 180.0
_NODE = "node-a"
_CLASS = "of-programs"
_SCRIPT = "echo kept > /data/file"


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
    """A pod keeps a file on a volume, a Deployment becomes available, and all of it goes again."""
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
        client.core.delete_namespace(namespace)
        _until(lambda: namespace not in _names(client.core.list_namespace()))
        _until(lambda: not _names(client.core.list_persistent_volume()))
        assert not list(volumes.iterdir())
        client.core.delete_node(_NODE)
        client.storage.delete_storage_class(_CLASS, _preload_content=False)
    finally:
        client.close()


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
