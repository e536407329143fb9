"""Workloads that can make no pods, are not ready, or serve what was there before; Jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_kubeflow.platform.checks.workloads.workloads import check_workloads
from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.snapshot import Object
from pytest_kubeflow.platform.snapshot.kind import DAEMON_SETS, JOBS, PODS, STATEFUL_SETS
from tests.platform.broken import BROKEN
from tests.platform.broken.whole import a_snapshot, findings
from tests.platform.objects import (
    a_condition,
    a_container,
    a_definition,
    a_deployment,
    a_pod,
    a_replica_set,
    a_service,
    a_warning,
    ago,
    named,
)
from tests.platform.snapshots import an_object, snapshot_of

_QUOTA = 'pods "x-0" is forbidden: exceeded quota: all, requested: pods=1, used: pods=9'


def _codes(*objects: Object) -> list[str]:
    return [one.code for one in findings(a_snapshot(*objects))]


def _stateful(name: str, *, ready: int = 0, namespace: str = "kubeflow", **spec: Any) -> Object:
    return an_object(
        STATEFUL_SETS,
        name,
        namespace,
        metadata={"creationTimestamp": ago(60)},
        spec={"replicas": 1, **spec},
        status={"readyReplicas": ready},
    )


def test_a_stateful_set_tells_by_events_alone() -> None:
    refused = a_warning("StatefulSet", "x", "FailedCreate", _QUOTA)
    assert _codes(_stateful("x"), refused) == ["KF103"]
    assert _codes(_stateful("x", ready=1), refused) == []  # an event of an hour ago


def test_a_workload_that_nobody_makes_pods_for() -> None:
    (found,) = findings(a_snapshot(_stateful("x")))
    assert found.sentence == (
        "StatefulSet kubeflow/x wants 1 pods, and nobody makes one: is kube-controller-manager "
        "running?"
    )


def test_pods_that_may_not_be_listed_are_not_missing() -> None:
    assert list(check_workloads(snapshot_of(_stateful("x"), without=[PODS]))) == []


def test_a_workload_that_was_scaled_to_nothing_wants_nothing() -> None:
    assert _codes(_stateful("x", replicas=0)) == []
    assert _codes(a_deployment("x", wanted=0, ready=0)) == []


def test_a_new_workload_may_be_starting() -> None:
    assert _codes(a_deployment("x", ready=0, age=1)) == []


def test_a_daemon_set_on_no_node_wants_nothing() -> None:
    assert _codes(an_object(DAEMON_SETS, "x", "kubeflow", status={})) == []


def test_pod_security_in_a_profile_is_told_but_leaves_the_platform_standing() -> None:
    message = 'pods "x-0" is forbidden: violates PodSecurity "baseline:latest": privileged'
    refused = a_warning("StatefulSet", "x", "FailedCreate", message, namespace="team")
    (found,) = findings(a_snapshot(_stateful("x", namespace="team"), refused))
    assert (found.code, found.severity) == ("KF104", Severity.DEGRADED)


def test_an_old_replica_set_may_have_been_refused() -> None:
    failure = a_condition("ReplicaFailure", "True", _QUOTA)
    old = {
        **a_replica_set("x-1", "x"),
        "spec": {"replicas": 0},
        "status": {"conditions": [failure]},
    }
    pod = a_pod("x-2-y", a_container(), owner=("ReplicaSet", "x-2"))
    new = a_replica_set("x-2", "x")
    assert _codes(a_deployment("x", ready=0), old, new, pod) == []


def test_a_rollout_that_goes_on_is_no_fault() -> None:
    going = a_condition("Progressing", "True", reason="ReplicaSetUpdated")
    young = a_condition("Available", "False", age=1)
    pod = a_pod("x-1-y", a_container(), owner=("ReplicaSet", "x-1"))
    assert _codes(a_deployment("x", going, young, ready=0), a_replica_set("x-1", "x"), pod) == []


def test_while_the_old_version_serves_the_new_one_breaks_nothing() -> None:
    unready = {"conditions": [a_condition("Ready", "False")]}
    waits = a_container(waiting="ImagePullBackOff", image="x:9")
    new = a_pod("x-2-y", waits, owner=("ReplicaSet", "x-2"), phase="Pending", status=unready)
    old = a_pod("x-1-y", a_container(ready=True), owner=("ReplicaSet", "x-1"))
    sets = [a_replica_set("x-1", "x"), a_replica_set("x-2", "x")]
    (found,) = findings(a_snapshot(a_deployment("x"), *sets, old, new))
    assert (found.code, found.severity) == ("KF110", Severity.DEGRADED)
    assert found.evidence == (
        "because Deployment kubeflow/x waits for image x:9: it cannot be pulled",
    )
    without = findings(a_snapshot(a_deployment("x", ready=0), *sets, new))
    assert [one.code for one in without] == ["KF701"]


def test_a_change_that_nobody_takes_up() -> None:
    deployment = a_deployment("x")
    deployment["metadata"]["generation"] = 2
    deployment["metadata"]["managedFields"] = [
        {"manager": "kubectl", "time": ago(30)},
        {"manager": "kube-controller-manager", "subresource": "status", "time": ago(0)},
    ]
    assert _codes(deployment) == ["KF110"]
    deployment["metadata"]["managedFields"][0]["time"] = ago(seconds=5)
    assert _codes(deployment) == []


def test_a_paused_rollout() -> None:
    deployment = a_deployment("x", paused=True)
    assert _codes(deployment) == []
    deployment["status"]["updatedReplicas"] = 0
    (found,) = findings(a_snapshot(deployment))
    assert (found.code, found.fix) == ("KF110", "kubectl -n kubeflow rollout resume deployment/x")


def test_a_crash_explains_that_a_workload_is_not_ready() -> None:
    (found,) = findings(BROKEN["KF101"].snapshot())
    assert found.evidence == ("starting", "panic: no idea")


def test_a_controller_that_may_not_be_seen_is_not_missing() -> None:
    whole = a_snapshot(without=["notebook-controller-deployment"])
    objects = {kind: found for kind, found in whole.objects.items() if kind is not DAEMON_SETS}
    assert [one.code for one in findings(whole)] == ["KF109"]
    assert findings(replace(whole, objects=objects)) == []


def test_the_services_of_a_missing_controller_are_named() -> None:
    """So that webhooks which nobody answers are told with it."""
    nowhere, other = a_service("notebook-webhook"), a_service("jupyter-web-app-service")
    (found,) = findings(a_snapshot(nowhere, other, without=["notebook-controller-deployment"]))
    assert found.objects == (
        "CustomResourceDefinition notebooks.kubeflow.org",
        "Service kubeflow/notebook-webhook",
    )


def test_a_kind_that_is_not_in_force_needs_no_controller() -> None:
    refused = a_condition("Established", "False", "not all names are accepted")
    snapshot = a_snapshot(
        a_definition("notebooks.kubeflow.org", refused), without=["notebook-controller-deployment"]
    )
    served = snapshot.served - {"notebooks.kubeflow.org"}
    assert [one.code for one in findings(replace(snapshot, served=served))] == ["KF713"]


def test_a_controller_of_another_name_is_known_by_its_image() -> None:
    image = "mirror.example.org/kubeflow/notebook-controller:v1"
    other = a_deployment("nb", namespace="tools", image=image)
    assert findings(a_snapshot(other, without=["notebook-controller-deployment"])) == []


def _job_pod(*, finished: float = 9, policy: str = "Never", proxy: str = "istio-proxy") -> Object:
    return a_pod(
        "x",
        a_container(ended={"exitCode": 0, "finishedAt": ago(finished)}),
        a_container(proxy, ready=True),
        namespace="team",
        spec={"restartPolicy": policy},
    )


def test_a_sidecar_is_given_two_minutes_to_end() -> None:
    assert _codes(_job_pod(finished=1)) == []


def test_pods_that_are_not_to_end_and_other_sidecars_are_not_kept() -> None:
    assert _codes(_job_pod(policy="Always")) == []
    assert _codes(_job_pod(proxy="other")) == []
    assert _codes(_job_pod()) == ["KF112"]


def test_a_failed_job_of_a_user_or_of_a_schedule_is_no_fault() -> None:
    status = {"conditions": [a_condition("Failed", "True", "BackoffLimitExceeded")]}
    users = an_object(JOBS, "x", "team", status=status)
    owner = {"ownerReferences": named("CronJob", "x")}
    scheduled = an_object(JOBS, "x", "kubeflow", metadata=owner, status=status)
    assert _codes(users, scheduled) == []
