from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.local.controllers.conftest import NODE, ControlPlane, Eventually


def claim(core: Any, namespace: str, storage_class: str, name: str = "data") -> None:
    resources = {"requests": {"storage": "1Gi"}}
    core.create_namespaced_persistent_volume_claim(
        namespace,
        {
            "metadata": {"name": name},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": resources,
                "storageClassName": storage_class,
            },
        },
    )


def user_of(core: Any, namespace: str, name: str = "p", **spec: Any) -> None:
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
    containers = [{"name": "main", "image": "python:3.11"}]
    body = {
        "metadata": {"name": name},
        "spec": {"containers": containers, "volumes": [volume], **spec},
    }
    core.create_namespaced_pod(namespace, body)


def phase(core: Any, namespace: str) -> str:
    found: str = core.read_namespaced_persistent_volume_claim("data", namespace).status.phase
    return found


def reasons(core: Any, namespace: str) -> set[str]:
    return {event.reason for event in core.list_namespaced_event(namespace).items}


def volume_path(core: Any, namespace: str) -> Path:
    claim = core.read_namespaced_persistent_volume_claim("data", namespace)
    return Path(core.read_persistent_volume(claim.spec.volume_name).spec.local.path)


def test_an_immediate_claim_is_bound_and_cleaned_up(
    core: Any, namespace: str, plane: ControlPlane, eventually: Eventually
) -> None:
    claim(core, namespace, "immediate")
    eventually(lambda: phase(core, namespace) == "Bound")
    path = volume_path(core, namespace)
    assert path.parent == plane.volumes
    (path / "file").write_text("content")
    core.delete_namespaced_persistent_volume_claim("data", namespace)
    eventually(lambda: not path.exists())


def test_a_patient_claim_waits_for_its_first_pod(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    claim(core, namespace, "standard")
    eventually(lambda: "WaitForFirstConsumer" in reasons(core, namespace))
    assert phase(core, namespace) == "Pending"
    user_of(core, namespace)
    eventually(lambda: phase(core, namespace) == "Bound")
    eventually(lambda: core.read_namespaced_pod("p", namespace).spec.node_name == NODE)


def test_a_claim_of_an_unknown_class_says_so(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    claim(core, namespace, "golden")
    eventually(lambda: "ProvisioningFailed" in reasons(core, namespace))
    (event,) = core.list_namespaced_event(namespace).items
    assert event.message == 'storageclass.storage.k8s.io "golden" not found'
    assert phase(core, namespace) == "Pending"


def test_a_claim_in_use_is_protected(core: Any, namespace: str, eventually: Eventually) -> None:
    claim(core, namespace, "immediate")
    user_of(core, namespace)
    eventually(lambda: core.read_namespaced_pod("p", namespace).spec.node_name)
    core.delete_namespaced_persistent_volume_claim("data", namespace)
    eventually(
        lambda: "p" in [one.metadata.name for one in core.list_namespaced_pod(namespace).items]
    )
    assert core.read_namespaced_persistent_volume_claim(
        "data", namespace
    ).metadata.deletion_timestamp
    core.patch_namespaced_pod_status("p", namespace, {"status": {"phase": "Succeeded"}})
    eventually(lambda: not core.list_namespaced_persistent_volume_claim(namespace).items)


def test_the_fault_keeps_claims_pending(
    core: Any, namespace: str, plane: ControlPlane, eventually: Eventually
) -> None:
    plane.faults.replace(["claim-pending"])
    try:
        claim(core, namespace, "immediate")
        user_of(core, namespace)
        eventually(lambda: "FailedScheduling" in reasons(core, namespace))
        assert phase(core, namespace) == "Pending"
    finally:
        plane.faults.replace([])
    eventually(lambda: phase(core, namespace) == "Bound")


def test_a_pod_without_its_claim_is_not_scheduled(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    user_of(core, namespace)
    eventually(lambda: "FailedScheduling" in reasons(core, namespace))
    (event,) = core.list_namespaced_event(namespace).items
    assert event.message.startswith(
        '0/1 nodes are available: persistentvolumeclaim "data" not found. preemption: '
    )
    claim(core, namespace, "immediate")
    eventually(lambda: core.read_namespaced_pod("p", namespace).spec.node_name == NODE)


def test_a_pod_that_fits_nowhere_waits_until_it_does(
    core: Any, namespace: str, eventually: Eventually
) -> None:
    claim(core, namespace, "immediate")
    resources = {"limits": {"cpu": "1500m"}}
    container = {"name": "main", "image": "python:3.11", "resources": resources}
    user_of(core, namespace, "first", containers=[container])
    eventually(lambda: core.read_namespaced_pod("first", namespace).spec.node_name)
    user_of(core, namespace, "second", containers=[container])
    conditions = eventually(lambda: core.read_namespaced_pod("second", namespace).status.conditions)
    (condition,) = conditions
    assert condition.reason == "Unschedulable"
    message = "0/1 nodes are available: 1 Insufficient cpu. preemption: "
    assert condition.message.startswith(message)
    core.patch_namespaced_pod_status("first", namespace, {"status": {"phase": "Failed"}})
    eventually(lambda: core.read_namespaced_pod("second", namespace).spec.node_name)
    core.delete_namespaced_pod("second", namespace, grace_period_seconds=0)
