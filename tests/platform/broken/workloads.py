"""Workloads and their pods, broken."""

from __future__ import annotations

from pytest_kubeflow.platform.snapshot.kind import (
    JOBS,
)
from tests.platform.broken.fault import Broken, crash, pending, waiting
from tests.platform.objects import (
    a_condition,
    a_container,
    a_deployment,
    a_pod,
    a_replica_set,
    a_warning,
    ago,
)
from tests.platform.snapshots import an_object

_REFUSED = 'pods "katib-ui-1-" is forbidden: '
_PROXY = a_container("istio-proxy", ready=True)


def broken() -> dict[str, Broken]:
    """By code."""
    found: dict[str, Broken] = {}
    found["KF101"] = crash(
        "katib-controller",
        "starting\npanic: no idea",
        "Deployment kubeflow/katib-controller crashes again and again: container main ended with "
        "exit code 1, 7 restarts",
    )
    found["KF102"] = crash(
        "ml-pipeline",
        "2026/11/29 10:00:00 too many open files\n",
        "Deployment kubeflow/ml-pipeline crashes because the nodes allow too few inotify instances",
    )
    found["KF103"] = Broken(
        [
            a_deployment(
                "katib-ui",
                a_condition(
                    "ReplicaFailure", "True", f"{_REFUSED}exceeded quota: all, used: pods=9"
                ),
                ready=0,
            )
        ],
        f"Deployment kubeflow/katib-ui has 0 of 1 pods and can make no more: {_REFUSED}exceeded "
        "quota: all, used: pods=9",
    )
    found["KF104"] = Broken(
        [
            a_deployment(
                "katib-ui",
                a_condition(
                    "ReplicaFailure",
                    "True",
                    f'{_REFUSED}violates PodSecurity "restricted:latest": runAsNonRoot != true',
                ),
                ready=0,
            )
        ],
        "Deployment kubeflow/katib-ui has 0 of 1 pods: Pod Security (restricted) of namespace "
        "kubeflow refuses them",
    )
    found["KF105"] = pending(
        "0/1 nodes are available: 1 Insufficient cpu. preemption: none.",
        "StatefulSet kubeflow/katib-mysql has a pod that no node can take: 0/1 nodes are "
        "available: 1 Insufficient cpu",
    )
    found["KF106"] = Broken(
        [a_pod("old", _PROXY, metadata={"deletionTimestamp": "2026-01-01T10:00:00Z"})],
        "pod kubeflow/old should have ended at 2026-01-01T10:00:00Z and is still on node node-a",
    )
    found["KF107"] = Broken(
        [
            a_pod(
                "profiles-0",
                a_container(
                    ready=True,
                    restarts=1,
                    last={"reason": "OOMKilled", "exitCode": 137},
                    resources={"limits": {"memory": "64Mi"}},
                ),
            )
        ],
        "Pod kubeflow/profiles-0: container main was killed because it ran out of memory, with a "
        "limit of 64Mi",
    )
    unready = [a_condition("Ready", "False", "containers with unready status: [main]")]
    found["KF108"] = Broken(
        [
            a_deployment("katib-ui", a_condition("Available", "False"), ready=0),
            a_replica_set("katib-ui-1", "katib-ui"),
            a_pod(
                "katib-ui-1-x",
                a_container(),
                owner=("ReplicaSet", "katib-ui-1"),
                status={"conditions": unready},
            ),
        ],
        "Deployment kubeflow/katib-ui has 0 of 1 ready pods",
    )
    found["KF109"] = Broken(
        [],
        "Notebooks has no controller: notebooks.kubeflow.org are accepted, and nothing happens to "
        "them",
        without=["notebook-controller-deployment"],
    )
    late = a_condition("Progressing", "False", "has timed out", "ProgressDeadlineExceeded")
    stuck = a_deployment("katib-ui", a_condition("Available", "True"), late)
    stuck["status"]["updatedReplicas"] = 0
    found["KF110"] = Broken(
        [stuck],
        "Deployment kubeflow/katib-ui still runs its old version: the new one has not come "
        "up before its deadline",
    )
    found["KF111"] = Broken(
        [
            a_pod(
                "profiles-0",
                a_container("manager", ready=True, restarts=2, last={"exitCode": 1}),
                _PROXY,
            )
        ],
        "Pod kubeflow/profiles-0: container manager starts before its mesh proxy, and was "
        "restarted 2 times",
        logs={
            "kubeflow/profiles-0/manager": "Get https://10.96.0.1:443/api: dial tcp 10.96.0.1:443: "
            "connect: connection refused"
        },
    )
    found["KF112"] = Broken(
        [
            a_pod(
                "train-x",
                a_container(ended={"exitCode": 0, "finishedAt": ago(9)}),
                _PROXY,
                namespace="team",
                owner=("Job", "train"),
                spec={"restartPolicy": "Never"},
            )
        ],
        "Job team/train does not end: in pod train-x istio-proxy alone still runs",
    )
    found["KF113"] = waiting(
        "CreateContainerConfigError",
        'secret "katib-mysql-secrets" not found',
        "Deployment kubeflow/katib-ui lacks secret katib-mysql-secrets, which container main "
        "refers to",
    )
    found["KF114"] = waiting(
        "CreateContainerError",
        'failed to create containerd container: exec: "/x": no such file',
        "Deployment kubeflow/katib-ui: container main cannot be started: failed to create "
        'containerd container: exec: "/x": no such file',
    )
    found["KF115"] = waiting(
        "ContainerCreating",
        "",
        "Deployment kubeflow/katib-ui has a pod that node node-a cannot connect to the network",
        a_warning(
            "Pod",
            "katib-ui-1-x",
            "FailedCreatePodSandBox",
            'failed to setup network for sandbox "1": plugin type="istio-cni" failed (add)',
        ),
    )
    found["KF116"] = Broken(
        [
            a_pod(
                "minio-0",
                phase="Failed",
                status={"reason": "Evicted", "message": "The node was low on resource: memory."},
            )
        ],
        "pod kubeflow/minio-0 was evicted from node node-a",
    )
    failed = a_condition("Failed", "True", "Job has reached the specified backoff limit")
    found["KF117"] = Broken(
        [an_object(JOBS, "certs", "kubeflow", status={"conditions": [failed]})],
        "Job kubeflow/certs has failed: Job has reached the specified backoff limit",
    )
    return found
