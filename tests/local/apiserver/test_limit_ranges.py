"""LimitRanges: what containers are given, and what is more, or less, than they may have."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from tests.local.apiserver.conftest import Manifest


def limit(core: Any, namespace: str, **item: Any) -> Any:
    body = {"metadata": {"name": "l"}, "spec": {"limits": [{"type": "Container", **item}]}}
    return core.create_namespaced_limit_range(namespace, body)


def asking(pod: Manifest, **resources: dict[str, str]) -> dict[str, Any]:
    made = pod()
    made["spec"]["containers"][0]["resources"] = resources
    return made


def test_a_container_that_says_nothing_gets_the_defaults(
    core: Any, namespace: str, pod: Manifest
) -> None:
    limit(core, namespace, max={"cpu": "1"}, default={"memory": "1Gi"})
    made = core.create_namespaced_pod(namespace, pod())
    resources = made.spec.containers[0].resources
    assert resources.limits == resources.requests == {"cpu": "1", "memory": "1Gi"}
    assert made.status.qos_class == "Guaranteed"
    (note,) = made.metadata.annotations.values()
    name = made.spec.containers[0].name
    assert note == (
        f"LimitRanger plugin set: cpu, memory request for container {name}; "
        f"cpu, memory limit for container {name}"
    )


@pytest.mark.parametrize(
    ("item", "resources", "message"),
    [
        (
            {"max": {"cpu": "1"}},
            {"limits": {"cpu": "2"}},
            "maximum cpu usage per Container is 1, but limit is 2",
        ),
        (
            {"min": {"memory": "64Mi"}},
            {"requests": {"memory": "1Mi"}, "limits": {"memory": "128Mi"}},
            "minimum memory usage per Container is 64Mi, but request is 1048576",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000",
        ),
        (
            {"type": "Pod", "max": {"cpu": "1"}},
            {},
            "maximum cpu usage per Pod is 1. No limit is specified",
        ),
    ],
)
def test_what_is_too_much_or_too_little_is_refused(
    core: Any,
    namespace: str,
    pod: Manifest,
    item: dict[str, Any],
    resources: dict[str, dict[str, str]],
    message: str,
) -> None:
    limit(core, namespace, **item)
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_pod(namespace, asking(pod, **resources))
    assert refused.value.status == 403
    assert message in json.loads(refused.value.body)["message"]


def test_a_claim_may_be_too_large(core: Any, namespace: str) -> None:
    limit(core, namespace, type="PersistentVolumeClaim", max={"storage": "1Gi"})
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}
    body = {"metadata": {"name": "c"}, "spec": spec}
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_persistent_volume_claim(namespace, body)
    why = "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi"
    assert why in json.loads(refused.value.body)["message"]
