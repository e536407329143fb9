"""Containers that crash, and what their logs tell."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.platform.fault import Severity
from pytest_kubeflow.platform.snapshot import Object
from tests.platform.broken import BROKEN
from tests.platform.broken.whole import a_snapshot, findings
from tests.platform.objects import a_container, a_deployment, a_pod, a_replica_set, ago


def _codes(*objects: Object, log: str = "") -> list[str]:
    logs = {f"kubeflow/{one['metadata']['name']}/main": log for one in objects}
    return [one.code for one in findings(a_snapshot(*objects, logs=logs))]


def _crashing(*, restarts: int = 7, **fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    last = {"exitCode": 1, "reason": "Error", "finishedAt": ago(1)}
    return a_container(waiting="CrashLoopBackOff", restarts=restarts, last=last, **fields)


def test_a_users_own_pod_may_crash() -> None:
    assert _codes(a_pod("mine", _crashing(), namespace="team")) == []


def test_the_artifact_server_of_a_profile_is_the_platforms() -> None:
    owner = ("StatefulSet", "ml-pipeline-ui-artifact")
    found = findings(a_snapshot(a_pod("a", _crashing(), namespace="team", owner=owner)))
    assert [(one.code, one.severity) for one in found] == [("KF101", Severity.DEGRADED)]


def test_a_pod_that_has_just_begun_may_crash_once() -> None:
    assert _codes(a_pod("x", _crashing(restarts=1), age=1)) == []
    assert _codes(a_pod("x", _crashing(restarts=3), age=1)) == ["KF101"]


def test_between_two_crashes_it_runs_and_is_not_ready() -> None:
    def ended(minutes: float) -> Object:
        last = {"exitCode": 2, "finishedAt": ago(minutes)}
        return a_pod("x", a_container(restarts=5, last=last))

    assert _codes(ended(2)) == ["KF101"]
    assert _codes(ended(30)) == []


def test_a_container_that_was_restarted_long_ago_is_well() -> None:
    last = {"exitCode": 1, "finishedAt": ago(600)}
    assert _codes(a_pod("x", a_container(ready=True, restarts=5, last=last))) == []


def test_pods_of_one_workload_are_one_finding() -> None:
    pods = [a_pod(f"x-{n}", _crashing(), owner=("ReplicaSet", "x-1")) for n in range(9)]
    assert _codes(*pods, a_replica_set("x-1", "x")) == ["KF101"]


def test_a_replica_set_that_was_not_seen_is_named_by_its_hash() -> None:
    labels = {"labels": {"pod-template-hash": "5d9f"}}
    pod = a_pod("x-5d9f-a", _crashing(), owner=("ReplicaSet", "x-5d9f"), metadata=labels)
    (found,) = findings(a_snapshot(pod))
    assert found.objects[0] == "Deployment kubeflow/x"


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ("F1129 fsnotify: failed to create fsnotify watcher: too many open files", "KF102"),
        ("inotify_add_watch /x: no space left on device", "KF102"),
        ("accept tcp [::]:8080: accept4: too many open files", "KF101"),
        ("open /data/x: too many open files", "KF101"),
        ("write /data/x: no space left on device", "KF101"),
        ("mysqld: Can't create/write to file '/var/lib/mysql/is_writable' (OS errno 13)", "KF405"),
        ("Can't create test file /tmp/x", "KF101"),
        (
            "[MY-014061] Invalid MySQL server downgrade: Cannot downgrade from 80200 to 80035",
            "KF406",
        ),
        ("MLMDEnv table is fine", "KF101"),
        ("Plugin 'mysql_native_password' is not loaded", "KF407"),
        ("exec /manager: exec format error", "KF703"),
        ("dial tcp 10.96.0.1:443: connect: connection refused", "KF101"),  # no proxy beside it
    ],
)
def test_the_log_tells_which_fault_it_is(log: str, code: str) -> None:
    assert _codes(a_pod("x", _crashing()), log=log) == [code]


def test_a_refusal_of_another_server_is_no_late_proxy() -> None:
    proxy = a_container("istio-proxy", ready=True)
    pod = a_pod("x", a_container(ready=True, restarts=2, last={"exitCode": 1}), proxy)
    assert _codes(pod, log="dial tcp 10.0.0.9:3306: connect: connection refused") == []
    assert _codes(pod, log="dial tcp 10.96.0.1:443: connect: connection refused") == ["KF111"]


def test_a_native_sidecar_is_never_late() -> None:
    sidecar = {"name": "istio-proxy", "restartPolicy": "Always"}
    container = a_container(ready=True, restarts=2, last={"exitCode": 1})
    pod = a_pod("x", container, spec={"containers": [container[0]], "initContainers": [sidecar]})
    assert _codes(pod, log="dial tcp 10.96.0.1:443: connect: connection refused") == []


def test_out_of_memory_weighs_by_whether_it_still_crashes() -> None:
    last = {"exitCode": 137, "reason": "OOMKilled", "finishedAt": ago(1)}
    once = a_pod("x", a_container(ready=True, restarts=1, last=last))
    again = a_pod("x", a_container(waiting="CrashLoopBackOff", restarts=7, last=last))
    for pod, severity in ((once, Severity.DEGRADED), (again, Severity.BROKEN)):
        (found,) = findings(a_snapshot(pod))
        assert (found.code, found.severity) == ("KF107", severity)


def test_a_program_that_is_not_there_was_never_started() -> None:
    last = {"exitCode": 128, "reason": "StartError", "message": 'exec: "/x": no such file'}
    pod = a_pod("x", a_container(waiting="CrashLoopBackOff", restarts=4, last=last))
    (found,) = findings(a_snapshot(pod))
    assert found.code == "KF114"
    assert found.sentence.endswith('container main cannot be started: exec: "/x": no such file')


def test_what_waits_for_a_database_is_told_with_it() -> None:
    """The database's fault explains those who crash for want of it."""
    mysql = BROKEN["KF406"]
    manager = a_pod("katib-db-manager-1-x", _crashing(), owner=("ReplicaSet", "katib-db-manager-1"))
    deployment = a_deployment("katib-db-manager", ready=0)
    waits = [manager, a_replica_set("katib-db-manager-1", "katib-db-manager"), deployment]
    (found,) = findings(a_snapshot(*mysql.objects, *waits, logs=mysql.logs))
    assert found.code == "KF406"
    assert found.evidence[-1].startswith("so Deployment kubeflow/katib-db-manager crashes again")
    assert [one.code for one in findings(a_snapshot(*waits))] == ["KF101"]


def test_what_a_container_prints_moves_no_cursor() -> None:
    (found,) = findings(
        a_snapshot(
            a_pod("x", _crashing()), logs={"kubeflow/x/main": "\x1b[2Jgone\n\x1b]0;title\x07 red"}
        )
    )
    assert found.evidence == ("gone", "red")
