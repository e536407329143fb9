"""Pods without a node, without a container, without an end."""

from __future__ import annotations

import pytest

from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.snapshot import Object
from tests.platform.broken.whole import a_snapshot, findings
from tests.platform.objects import (
    a_claim,
    a_condition,
    a_container,
    a_node,
    a_pod,
    a_warning,
    ago,
)


def _codes(*objects: Object) -> list[str]:
    return [one.code for one in findings(a_snapshot(*objects))]


def _unscheduled(message: str, *, age: float = 60, namespace: str = "kubeflow") -> Object:
    found = {"conditions": [a_condition("PodScheduled", "False", message)]}
    return a_pod("x", phase="Pending", age=age, namespace=namespace, status=found, claims=["data"])


def test_the_scheduler_is_given_two_minutes() -> None:
    assert _codes(_unscheduled("0/1 nodes are available", age=1)) == []


def test_a_users_pod_that_no_node_can_take_leaves_the_platform_standing() -> None:
    (found,) = findings(a_snapshot(_unscheduled("1 Insufficient nvidia.com/gpu", namespace="team")))
    assert (found.code, found.severity) == ("KF105", Severity.DEGRADED)


def test_pods_of_namespaces_that_are_not_kubeflows_are_not_looked_at() -> None:
    assert _codes(_unscheduled("0/1 nodes are available", namespace="shop")) == []


@pytest.mark.parametrize(
    "message",
    [
        "0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
        "0/2 nodes are available: 2 node(s) didn't match PersistentVolume's node affinity.",
    ],
)
def test_a_volume_on_another_node(message: str) -> None:
    assert _codes(_unscheduled(message)) == ["KF404"]


def test_a_volume_that_is_attached_elsewhere() -> None:
    waits = a_pod("x", a_container(waiting="ContainerCreating"), phase="Pending", claims=["data"])
    message = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) y'
    assert _codes(waits, a_warning("Pod", "x", "FailedAttachVolume", message)) == ["KF404"]
    assert _codes(waits) == []


def test_an_event_of_a_pod_that_runs_by_now_is_nothing() -> None:
    message = 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) y'
    pod = a_pod("x", a_container(ready=True))
    assert _codes(pod, a_warning("Pod", "x", "FailedAttachVolume", message)) == []


def test_a_claim_explains_the_pod_that_waits_for_it() -> None:
    pod = _unscheduled("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
    assert _codes(pod, a_claim("data", "gone")) == ["KF403"]
    assert _codes(pod) == ["KF105"]


def test_a_volume_of_a_secret_that_is_not_there() -> None:
    waits = a_pod("x", a_container(waiting="ContainerCreating"), phase="Pending")
    message = 'MountVolume.SetUp failed for volume "certs" : secret "webhook-tls" not found'
    (found,) = findings(a_snapshot(waits, a_warning("Pod", "x", "FailedMount", message)))
    assert found.sentence == "Pod kubeflow/x lacks secret webhook-tls, which a volume refers to"


def test_a_key_that_is_not_there() -> None:
    message = "couldn't find key password in Secret kubeflow/mysql-secret"
    pod = a_pod("x", a_container(waiting="CreateContainerConfigError", message=message))
    (found,) = findings(a_snapshot(pod))
    assert found.sentence == (
        "Pod kubeflow/x lacks the key password of secret mysql-secret, which container main "
        "refers to"
    )


def test_a_pod_that_is_ending_is_given_five_minutes() -> None:
    container = a_container(ready=True)
    assert _codes(a_pod("x", container, metadata={"deletionTimestamp": ago(4)})) == []
    assert _codes(a_pod("x", container, metadata={"deletionTimestamp": ago(9)})) == ["KF106"]


def test_finalizers_are_named() -> None:
    metadata = {"deletionTimestamp": ago(9), "finalizers": ["example.org/wait"]}
    (found,) = findings(a_snapshot(a_pod("x", metadata=metadata)))
    assert found.sentence.endswith("and waits for example.org/wait")
    assert "patch pod x" in found.fix


def test_a_lost_node_explains_its_pods() -> None:
    pod = a_pod("x", metadata={"deletionTimestamp": ago(9)}, spec={"nodeName": "node-b"})
    node = a_node("node-b", a_condition("Ready", "Unknown", "Kubelet stopped posting node status."))
    (found,) = findings(a_snapshot(pod, node))
    assert found.code == "KF501"
    assert found.evidence[-1].startswith("so pod kubeflow/x should have ended at")


def test_a_lost_node_is_not_why_a_pod_on_it_crashes() -> None:
    last = {"exitCode": 1, "reason": "Error"}
    crash = a_container(waiting="CrashLoopBackOff", restarts=7, last=last)
    node = a_node("node-b", a_condition("Ready", "Unknown", "Kubelet stopped posting node status."))
    assert _codes(a_pod("x", crash, spec={"nodeName": "node-b"}), node) == ["KF101", "KF501"]


def test_what_is_pasted_runs_nothing_else() -> None:
    """Names that no API server checks are quoted in commands."""
    message = 'secret "x\'; reboot #" not found'
    pod = a_pod("x", a_container(waiting="CreateContainerConfigError", message=message))
    (found,) = findings(a_snapshot(pod))
    assert "'x'\"'\"'; reboot #'" in found.fix
    image = "a.io;reboot/x:1"
    pod = a_pod("x", a_container(waiting="ImagePullBackOff", image=image))
    (found,) = findings(a_snapshot(pod))
    assert "--docker-server='a.io;reboot' " in found.fix
