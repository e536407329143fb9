"""Reading and writing objects through the official client."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from tests.local.apiserver.conftest import Manifest


def claim(name: str = "data", **spec: Any) -> dict[str, Any]:
    resources = {"requests": {"storage": "1Gi"}}
    return {
        "metadata": {"name": name},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources, **spec},
    }


def test_created_objects_get_what_the_server_gives(core: Any, namespace: str) -> None:
    made = core.create_namespaced_config_map(
        namespace, {"metadata": {"generateName": "c-"}, "data": {"a": "1"}}
    )
    assert made.metadata.name.startswith("c-")
    assert made.metadata.uid
    assert made.metadata.creation_timestamp
    read = core.read_namespaced_config_map(made.metadata.name, namespace)
    assert read.data == {"a": "1"}
    assert read.metadata.resource_version == made.metadata.resource_version


def test_a_stateful_set_has_the_name_of_its_service_though_it_is_empty(
    api: Any, namespace: str
) -> None:
    """Clients rely on it; Go's, which speak protobuf, do not send an empty text."""
    labels = {"app": "x"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "x"}]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
    made = client.AppsV1Api(api).create_namespaced_stateful_set(
        namespace, {"metadata": {"name": "s"}, "spec": spec}
    )
    assert made.spec.service_name == ""


def test_errors_are_worded_as_the_real_ones(core: Any, namespace: str) -> None:
    with pytest.raises(ApiException) as missing:
        core.read_namespaced_pod("nope", namespace)
    assert missing.value.status == 404
    assert '"message":"pods \\"nope\\" not found"' in missing.value.body
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}})
    with pytest.raises(ApiException) as twice:
        core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}})
    assert twice.value.status == 409
    assert '"reason":"AlreadyExists"' in twice.value.body
    with pytest.raises(ApiException) as nowhere:
        core.create_namespaced_config_map("no-such", {"metadata": {"name": "c"}})
    assert nowhere.value.status == 404
    assert 'namespaces \\"no-such\\" not found' in nowhere.value.body


def test_stale_writes_conflict(core: Any, namespace: str) -> None:
    old = core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}})
    core.patch_namespaced_config_map("c", namespace, {"data": {"a": "1"}})
    old.data = {"a": "2"}
    with pytest.raises(ApiException) as refused:
        core.replace_namespaced_config_map("c", namespace, old)
    assert refused.value.status == 409
    assert "the object has been modified" in refused.value.body
    assert core.read_namespaced_config_map("c", namespace).data == {"a": "1"}


def test_status_and_spec_are_written_apart(core: Any, namespace: str, pod: Manifest) -> None:
    core.create_namespaced_pod(namespace, pod())
    core.patch_namespaced_pod("p", namespace, {"status": {"phase": "Running"}})
    assert core.read_namespaced_pod("p", namespace).status.phase == "Pending"
    core.patch_namespaced_pod_status("p", namespace, {"status": {"phase": "Running"}})
    assert core.read_namespaced_pod("p", namespace).status.phase == "Running"


def test_claims(core: Any, namespace: str) -> None:
    made = core.create_namespaced_persistent_volume_claim(namespace, claim())
    assert made.status.phase == "Pending"
    for wrong, message in (
        (claim("b", accessModes=[]), "at least 1 access mode is required"),
        (claim("b", accessModes=["Any"]), 'Unsupported value: \\"Any\\"'),
        (claim("b", resources={}), "spec.resources[storage]: Required value"),
        (claim("b", resources={"requests": {"storage": "0"}}), "must be greater than zero"),
    ):
        with pytest.raises(ApiException) as refused:
            core.create_namespaced_persistent_volume_claim(namespace, wrong)
        assert message in refused.value.body
    with pytest.raises(ApiException) as changed:
        core.patch_namespaced_persistent_volume_claim(
            "data", namespace, {"spec": {"storageClassName": "fast"}}
        )
    assert "spec is immutable after creation" in changed.value.body


def test_lists_select_and_page(core: Any, namespace: str) -> None:
    for number in range(7):
        labels = {"parity": "odd" if number % 2 else "even"}
        metadata = {"name": f"c{number}", "labels": labels}
        core.create_namespaced_config_map(namespace, {"metadata": metadata})
    odd = core.list_namespaced_config_map(namespace, label_selector="parity in (odd)")
    assert [one.metadata.name for one in odd.items] == ["c1", "c3", "c5"]
    one = core.list_namespaced_config_map(namespace, field_selector="metadata.name=c4")
    assert [item.metadata.name for item in one.items] == ["c4"]
    names: list[str] = []
    token = None
    while True:
        page = core.list_namespaced_config_map(namespace, limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
        core.create_namespaced_config_map(namespace, {"metadata": {"name": f"a{len(names)}"}})
    assert names == [f"c{number}" for number in range(7)]
    with pytest.raises(ApiException) as refused:
        core.list_namespaced_config_map(namespace, field_selector="data.a=1")
    assert "is not a known field selector" in refused.value.body


def test_finalizers_hold_an_object_back(core: Any, namespace: str) -> None:
    metadata = {"name": "c", "finalizers": ["example.com/hold"]}
    core.create_namespaced_config_map(namespace, {"metadata": metadata})
    core.delete_namespaced_config_map("c", namespace)
    assert core.read_namespaced_config_map("c", namespace).metadata.deletion_timestamp
    core.patch_namespaced_config_map("c", namespace, {"metadata": {"finalizers": None}})
    with pytest.raises(ApiException) as gone:
        core.read_namespaced_config_map("c", namespace)
    assert gone.value.status == 404


def test_deletion_of_another_object_of_that_name_is_refused(core: Any, namespace: str) -> None:
    core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}})
    body = {"preconditions": {"uid": "not-this-one"}}
    with pytest.raises(ApiException) as refused:
        core.delete_namespaced_config_map("c", namespace, body=body)
    assert refused.value.status == 409
    assert "the UID in the precondition (not-this-one) does not match" in refused.value.body


def test_a_terminating_namespace_takes_nothing_new(core: Any, namespace: str) -> None:
    core.delete_namespace(namespace)
    assert core.read_namespace(namespace).status.phase == "Terminating"
    with pytest.raises(ApiException) as refused:
        core.create_namespaced_config_map(namespace, {"metadata": {"name": "c"}})
    assert refused.value.status == 403
    assert "because it is being terminated" in refused.value.body


def test_secrets_encode_their_string_data(core: Any, namespace: str) -> None:
    core.create_namespaced_secret(
        namespace, {"metadata": {"name": "s"}, "stringData": {"word": "open"}}
    )
    secret = core.read_namespaced_secret("s", namespace)
    assert secret.data == {"word": "b3Blbg=="}
    assert secret.string_data is None


def test_services_get_addresses_of_their_own(core: Any, namespace: str) -> None:
    addresses = {
        core.create_namespaced_service(
            namespace, {"metadata": {"name": f"s{n}"}, "spec": {"ports": [{"port": 80}]}}
        ).spec.cluster_ip
        for n in range(3)
    }
    assert len(addresses) == 3
    assert all(address.startswith("127.") for address in addresses)
