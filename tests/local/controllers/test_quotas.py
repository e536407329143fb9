"""ResourceQuotas: what is more than they leave is refused, and told where nobody asked himself."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.controllers.conftest import Eventually
from tests.local.controllers.test_deployments import apps_of, pods_of, report
from tests.local.controllers.test_stateful_sets import messages, remove, stateful_set


def quota(core: Any, namespace: str, *scopes: str, **hard: str) -> None:
    named = {key.replace("__", "/").replace("_", "."): value for key, value in hard.items()}
    spec: dict[str, Any] = {"hard": named, **({"scopes": list(scopes)} if scopes else {})}
    core.create_namespaced_resource_quota(namespace, {"metadata": {"name": "q"}, "spec": spec})


def pod(name: str, **resources: dict[str, str]) -> dict[str, Any]:
    container = {"name": "main", "image": "a:1", "resources": resources}
    return {"metadata": {"name": name}, "spec": {"containers": [container]}}


def refusal(core: Any, namespace: str, body: dict[str, Any]) -> str:
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_pod(namespace, body)
    assert refused.value.status == 403
    message: str = json.loads(refused.value.body)["message"]
    return message


def used(core: Any, namespace: str) -> dict[str, str]:
    status = core.read_namespaced_resource_quota("q", namespace).status
    return dict((status and status.used) or {})


def test_pods_are_counted_until_they_have_ended(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    quota(core, namespace, pods="1")
    eventually(lambda: used(core, namespace) == {"pods": "0"})
    made = core.create_namespaced_pod(namespace, pod("a"))
    assert refusal(core, namespace, pod("b")) == (
        'pods "b" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1'
    )
    eventually(lambda: used(core, namespace) == {"pods": "1"})
    report(core, made, "127.1.1.1")
    core.patch_namespaced_pod_status("a", namespace, {"status": {"phase": "Succeeded"}})
    core.create_namespaced_pod(namespace, pod("b"))


def test_amounts_are_added_up_and_have_to_be_named(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    quota(core, namespace, requests_memory="1Gi", limits_cpu="1")
    assert refusal(core, namespace, pod("a")) == (
        'pods "a" is forbidden: failed quota: q: must specify limits.cpu for: main; '
        "requests.memory for: main"
    )
    amounts = {"limits": {"cpu": "500m"}, "requests": {"memory": "768Mi"}}
    core.create_namespaced_pod(namespace, pod("a", **amounts))
    assert refusal(core, namespace, pod("b", **amounts)) == (
        'pods "b" is forbidden: exceeded quota: q, requested: requests.memory=768Mi, '
        "used: requests.memory=768Mi, limited: requests.memory=1Gi"
    )
    eventually(lambda: used(core, namespace) == {"limits.cpu": "500m", "requests.memory": "768Mi"})


def test_extended_resources_claims_and_counts(core: Any, namespace: str) -> None:
    quota(
        core,
        namespace,
        requests_nvidia_com__gpu="1",
        requests_storage="1Gi",
        count__statefulsets_apps="0",
    )
    gpus = {"limits": {"nvidia.com/gpu": "2"}, "requests": {"nvidia.com/gpu": "2"}}
    assert "requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=0" in refusal(
        core, namespace, pod("g", **gpus)
    )
    claim = {
        "metadata": {"name": "c"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
        },
    }
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_persistent_volume_claim(namespace, claim)
    assert "requested: requests.storage=2Gi, used: requests.storage=0" in refused.value.body
    with pytest.raises(ApiException) as refused:
        apps_of(core).create_namespaced_stateful_set(namespace, stateful_set("s"))
    assert "exceeded quota: q, requested: count/statefulsets.apps=1" in refused.value.body


def test_scopes_leave_other_pods_out(core: Any, namespace: str) -> None:
    quota(core, namespace, "NotBestEffort", pods="0")
    core.create_namespaced_pod(namespace, pod("a"))
    assert "exceeded quota" in refusal(core, namespace, pod("b", requests={"cpu": "1m"}))


def test_a_stateful_set_tells_why_it_has_no_pod(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    quota(core, namespace, pods="1")
    core.create_namespaced_pod(namespace, pod("other"))
    apps_of(core).create_namespaced_stateful_set(namespace, stateful_set("s"))
    found = (
        "FailedCreate",
        'create Pod s-0 in StatefulSet s failed error: pods "s-0" is forbidden: exceeded quota: q, '
        "requested: pods=1, used: pods=1, limited: pods=1",
    )
    eventually(lambda: found in messages(core, namespace))
    remove(core, namespace, "other")
    eventually(lambda: [one.metadata.name for one in pods_of(core, namespace, "s")] == ["s-0"])
