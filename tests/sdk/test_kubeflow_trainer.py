"""Kubeflow's own SDK trains on the embedded cluster, from an environment of its own.

`kubeflow` 0.5 wants a newer client of Kubernetes than this project.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow

from .conftest import SdkPython

NAMESPACE = "kubeflow-user-example-com"
SDK = "kubeflow==0.5.0"
SCRIPT = Path(__file__).parent / "kubeflow_trainer.py"


@pytest.fixture(scope="module")
def told(sdk_python: SdkPython) -> Any:
    """What the script says of its job."""
    python = sdk_python(SDK)
    with LocalKubeflow() as running:
        done = subprocess.run(
            [python, SCRIPT, str(running.endpoints.kubeconfig), NAMESPACE],
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_train(told: Any) -> None:
    assert told["status"] == "Complete", told
    assert told["nodes"] == 2
    assert told["steps"] == ["node-0", "node-1"]
    for rank, step in enumerate(told["steps"]):
        assert told["logs"][step] == [f"rank={rank} world=2 total=41"], told["logs"]


def test_what_the_sdk_lists(told: Any) -> None:
    assert "torch-distributed" in told["runtimes"]
    assert told["listed"] == [told["name"]]
    assert told["left"] == []
    assert {"Scheduled", "Started"} <= set(told["events"]), told["events"]
