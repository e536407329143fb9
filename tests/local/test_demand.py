from fractions import Fraction
from typing import Any

import pytest

from pytest_kubeflow.local.kube.demand import requests_of


def container(cpu: str, **fields: Any) -> dict[str, Any]:
    return {"name": "c", "resources": {"requests": {"cpu": cpu}}, **fields}


def sidecar(cpu: str) -> dict[str, Any]:
    return container(cpu, restartPolicy="Always")


@pytest.mark.parametrize(
    ("init", "main", "total"),
    [
        ([], ["500m", "250m"], "0.75"),
        ([container("2")], ["500m"], "2"),
        ([container("100m")], ["500m"], "0.5"),
        ([sidecar("1")], ["500m"], "1.5"),
        # A plain init container runs beside the sidecars before it, not beside those after it.
        ([sidecar("1"), container("2"), sidecar("1")], ["500m"], "3"),
    ],
)
def test_containers_run_together_and_init_containers_before(
    init: list[dict[str, Any]], main: list[str], total: str
) -> None:
    spec = {"initContainers": init, "containers": [container(cpu) for cpu in main]}
    assert requests_of({"spec": spec}) == {"cpu": Fraction(total), "pods": 1}


def test_overhead_and_limits_without_requests_count() -> None:
    limited = {"name": "c", "resources": {"limits": {"memory": "1Ki", "nvidia.com/gpu": 2}}}
    spec = {"containers": [limited], "overhead": {"memory": "1024"}}
    assert requests_of({"spec": spec}) == {"memory": 2048, "nvidia.com/gpu": 2, "pods": 1}
