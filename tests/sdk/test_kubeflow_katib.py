"""Katib's own SDK works on the embedded cluster, from an environment of its own.

`kubeflow-katib` 0.19 wants protobuf below 5 and kfp 2.17 wants 6, so no environment has both. The
SDK that follows it, `kubeflow`, makes trials of TrainJobs alone (OptimizerClient).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.local.cluster import LocalKubeflow

from .conftest import SdkPython, run_script

SDK = "kubeflow-katib==0.19.0"


@pytest.fixture(scope="session")
def python(sdk_python: SdkPython) -> Path:
    """The Python of an environment with the SDK."""
    # Newer clients of Kubernetes take dictionaries alone, and the SDK hands them its objects.
    return sdk_python(SDK, "kubernetes<31")


@pytest.fixture
def told(python: Path) -> Any:
    """What the script says of its experiment."""
    with LocalKubeflow() as running:
        where = running.endpoints
        kubernetes = KubernetesClient(where.kubeconfig)
        with PortForward(kubernetes, "kubeflow", "katib-db-manager", 6789) as forward:
            database = forward.url.removeprefix("http://")
            found = run_script(python, "kubeflow_katib.py", where.kubeconfig, database)
        kubernetes.close()
    return found


def test_tune(told: Any) -> None:
    assert told["succeeded"] is True
    assert len(told["trials"]) == 4
    computed = {}
    for trial in told["trials"]:
        values = {one["name"]: one["value"] for one in trial["parameter_assignments"]}
        rate, layers = float(values["lr"]), int(values["layers"])
        assert 0.01 <= rate <= 0.03
        assert 1 <= layers <= 3
        computed[trial["name"]] = 0.9 - abs(rate - 0.02) * layers
        (metric,) = trial["metrics"]
        assert float(metric["latest"]) == pytest.approx(computed[trial["name"]])
        assert [float(one) for one in told["metrics"][trial["name"]]] == [
            pytest.approx(computed[trial["name"]])
        ]
    best = told["best"]["bestTrialName"]
    assert computed[best] == max(computed.values())
