"""Platform health on a real API server: nothing where nothing is, and what is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import AdmissionregistrationV1Api

from pytest_kubeflow.k8s.client import KubernetesClient
from tests.real.controlplane import ControlPlane

NAME = "kf-health-leftover"


@pytest.fixture(scope="module")
def empty(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One of its own: on the one that all tests share, others have installed much."""
    with ControlPlane(programs, tmp_path_factory.mktemp("empty")) as started:
        yield started


def health(control_plane: ControlPlane, folder: Path) -> tuple[int, Any, str]:
    """Exit code, document and output of `pytest --kf-health` with an administrator's kubeconfig."""
    written = folder / "health.json"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KF_")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kf-health"),
            *(f"--kf-kubeconfig={control_plane.admin}", f"--kf-health-json={written}"),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    return done.returncode, json.loads(written.read_text()), output


@pytest.fixture
def leftover(empty: ControlPlane) -> Iterator[str]:
    """A webhook for pods whose Service is gone, as an upgrade leaves one."""
    webhooks = AdmissionregistrationV1Api(KubernetesClient(empty.admin).api_client)
    service = {"name": "gone", "namespace": "default", "path": "/validate"}
    webhook = {
        "name": "pods.example.com",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": service},
        "failurePolicy": "Fail",
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
            }
        ],
        "sideEffects": "None",
    }
    body = {"metadata": {"name": NAME}, "webhooks": [webhook]}
    webhooks.create_validating_webhook_configuration(body)
    yield NAME
    webhooks.delete_validating_webhook_configuration(NAME)


def test_an_empty_cluster_has_no_finding(empty: ControlPlane, tmp_path: Path) -> None:
    code, found, output = health(empty, tmp_path)
    assert found["findings"] == [], output
    # There is no way into a Kubeflow, which is red of itself.
    assert code == 78, output
    assert found["gateway"].startswith("--kf-host was not given, and there is nothing to forward")
    assert "the gateway was not entered, and nothing broken is seen past it" in output
    assert found["kubernetes"].startswith("v1.")
    assert 0 < found["requests"] <= 80


@pytest.mark.usefixtures("leftover")
def test_a_leftover_webhook_is_found(empty: ControlPlane, tmp_path: Path) -> None:
    code, told, output = health(empty, tmp_path)
    assert code == 78, output
    (found,) = told["findings"]
    assert found["code"] == "KF201", output
    assert found["sentence"] == (
        "webhook pods.example.com calls Service default/gone, which does not exist"
    )
