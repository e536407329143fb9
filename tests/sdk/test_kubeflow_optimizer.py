"""Kubeflow's own SDK searches on the embedded cluster: Katib's trials are TrainJobs of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from pytest_kubeflow.local.cluster import LocalKubeflow

from .conftest import SdkPython
from .test_kubeflow_trainer import NAMESPACE, SDK

SCRIPT = Path(__file__).parent / "kubeflow_optimizer.py"


def test_optimize(sdk_python: SdkPython) -> None:
    python = sdk_python(SDK)
    with LocalKubeflow() as running:
        done = subprocess.run(
            [python, SCRIPT, str(running.endpoints.kubeconfig), NAMESPACE],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["status"] == "Complete", told
    assert told["trials"] == 3
    assert told["parameters"] == {"x": "3"}
    assert told["metrics"] == {"score": "9"}
    assert told["listed"] == [told["name"]]
    assert told["left"] == []
