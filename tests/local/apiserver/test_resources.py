"""What containers may ask for: refusals in the real server's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

GPU = "nvidia.com/gpu"
REFUSED: dict[str, tuple[dict[str, dict[str, str]], str]] = {
    "request above limit": (
        {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}},
        'Invalid value: "2": must be less than or equal to cpu limit of 1',
    ),
    "a GPU that is only requested": (
        {"requests": {GPU: "1"}},
        "Required value: Limit must be set for non overcommitable resources",
    ),
    "GPUs requested and limited otherwise": (
        {"requests": {GPU: "1"}, "limits": {GPU: "2"}},
        f'Invalid value: "1": must be equal to {GPU} limit of 2',
    ),
    "half a GPU": ({"limits": {GPU: "0.5"}}, 'Invalid value: "500m": must be an integer'),
    "fewer than none": (
        {"limits": {GPU: "-1"}},
        'Invalid value: "-1": must be greater than or equal to 0',
    ),
    "no full name": (
        {"limits": {"gpu": "1"}},
        'Invalid value: "gpu": must be a standard resource type or fully qualified',
    ),
    "no quantity": ({"limits": {"memory": "1GB"}}, "quantities must match"),
}


def pod(resources: dict[str, dict[str, str]]) -> dict[str, Any]:
    container = {"name": "main", "image": "busybox", "resources": resources}
    return {"metadata": {"name": "p"}, "spec": {"containers": [container]}}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(core: Any, namespace: str, case: str) -> None:
    resources, message = REFUSED[case]
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_pod(namespace, pod(resources))
    assert message in json.loads(refused.value.body)["message"]


def test_what_is_in_order_is_taken(core: Any, namespace: str) -> None:
    limits = {"cpu": "1", "memory": "1e9", GPU: "0", "hugepages-2Mi": "4Mi"}
    made = core.create_namespaced_pod(namespace, pod({"limits": limits, "requests": {GPU: "0"}}))
    assert made.spec.containers[0].resources.limits["cpu"] == "1"
