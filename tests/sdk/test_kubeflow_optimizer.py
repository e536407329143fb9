"""Kubeflow's own SDK searches on the embedded cluster: Katib's trials are TrainJobs of it."""

from __future__ import annotations

from pytest_kubeflow.local.cluster import LocalKubeflow

from .conftest import SdkPython, run_script
from .test_kubeflow_trainer import SDK


def test_optimize(sdk_python: SdkPython) -> None:
    python = sdk_python(SDK)
    with LocalKubeflow() as running:
        told = run_script(python, "kubeflow_optimizer.py", running.endpoints.kubeconfig)
    assert told["status"] == "Complete", told
    assert told["trials"] == 3
    assert told["parameters"] == {"x": "3"}
    assert told["metrics"] == {"score": "9"}
    assert told["listed"] == [told["name"]]
    assert told["left"] == []
