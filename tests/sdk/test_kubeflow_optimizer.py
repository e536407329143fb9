"""Kubeflow's own SDK searches on the embedded cluster: Katib's trials are TrainJobs of it."""

from __future__ import annotations

from pytest_kubeflow.local.cluster import LocalKubeflow

from .conftest import SdkPython, run_script
from .test_kubeflow_trainer import SDK


def test_optimize(sdk_python: SdkPython) -> None:
    python = sdk_python(SDK)
    with LocalKubeflow() as running:
        found = run_script(python, "kubeflow_optimizer.py", running.endpoints.kubeconfig)
    assert found["status"] == "Complete", found
    assert found["trials"] == 3
    assert found["parameters"] == {"x": "3"}
    assert found["metrics"] == {"score": "9"}
    assert found["listed"] == [found["name"]]
    assert found["left"] == []
