"""Kubeflow's own SDK trains on the embedded cluster, from an environment of its own.

`kubeflow` 0.5 wants a newer client of Kubernetes than this project.
"""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.cluster import LocalKubeflow

from .conftest import SdkPython, run_script

SDK = "kubeflow==0.5.0"


@pytest.fixture(scope="module")
def told(sdk_python: SdkPython) -> Any:
    """What the script says of its job."""
    python = sdk_python(SDK)
    with LocalKubeflow() as running:
        return run_script(python, "kubeflow_trainer.py", running.endpoints.kubeconfig)


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
