"""The provisioner of volumes by itself, beside the real controllers that bind claims."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.local.controllers.persistentvolume import PROVISIONER
from tests.real.controlplane import ControlPlane

_SECONDS = 60.0


def test_a_claim_is_bound_and_its_directory_goes_with_it(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    kubernetes = KubernetesClient(control_plane.admin)
    core = kubernetes.core
    storage_class = {
        "metadata": {"name": "provisioner-alone"},
        "provisioner": PROVISIONER,
        "volumeBindingMode": "Immediate",
    }
    kubernetes.storage.create_storage_class(storage_class)
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest_kubeflow.local.provisioner"),
            *("--kubeconfig", str(control_plane.admin), "--node-name", "node-a"),
            *("--directory", str(tmp_path / "volumes")),
        ]
    )
    try:
        spec = {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            "storageClassName": "provisioner-alone",
        }
        claim = {"metadata": {"name": "alone"}, "spec": spec}
        core.create_namespaced_persistent_volume_claim("default", claim)
        _until(
            lambda: (
                core.read_namespaced_persistent_volume_claim("alone", "default").status.phase
                == "Bound"
            )
        )
        (directory,) = (tmp_path / "volumes").iterdir()
        core.delete_namespaced_persistent_volume_claim("alone", "default")
        _until(lambda: not directory.exists())
    finally:
        running.terminate()
        assert running.wait(_SECONDS) == 0
        kubernetes.storage.delete_storage_class("provisioner-alone")
        kubernetes.close()


def _until(condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.1)
