"""Pods that crash, wait, or are never made."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.remote import wait_until

from .broken import Platform


@pytest.mark.parametrize(
    ("fault", "app", "container", "line"),
    [
        ("pod-crash-looping", "ml-pipeline-ui", "ml-pipeline-ui", "panic: runtime error"),
        ("inotify-exhausted", "ml-pipeline-", "ml-pipeline-api-server", "too many open files"),
        ("proxy-late", "profiles-deployment", "manager", "connect: connection refused"),
        ("metadata-schema-missing", "metadata-grpc-deployment", "container", "schema_version"),
        ("mysql-volume-unwritable", "mysql", "mysql", "Can't create test file"),
        ("katib-database-old", "katib-db-manager", "katib-db-manager", "Ping to Katib db failed"),
    ],
)
def test_a_pod_crashes_with_a_last_line(
    faulty: Platform, fault: str, app: str, container: str, line: str
) -> None:
    app = app.rstrip("-")

    def crashed() -> bool:
        states = [
            each
            for one in faulty.pods(app)
            for each in one.status.container_statuses or []
            if each.name == container
        ]
        return any(
            each.state.waiting is not None
            and each.state.waiting.reason == "CrashLoopBackOff"
            and each.last_state.terminated.reason == "Error"
            for each in states
        )

    with faulty.broken(fault):
        wait_until(crashed)
        assert line in faulty.log(app, container, previous=True)
        wait_until(lambda: app in " ".join(faulty.unready()))


def failure(faulty: Platform, name: str) -> Any:
    return faulty.conditions(name).get("ReplicaFailure")


@pytest.mark.parametrize(
    ("fault", "name", "told"),
    [
        (
            "workload-without-pods",
            "ml-pipeline-persistenceagent",
            'serviceaccount "ml-pipeline-gone" not found',
        ),
        ("pod-security-refused", "workflow-controller", 'violates PodSecurity "restricted:latest"'),
    ],
)
def test_a_deployment_can_make_no_pods(faulty: Platform, fault: str, name: str, told: str) -> None:
    with faulty.broken(fault):
        found = wait_until(lambda: failure(faulty, name))
        assert found.reason == "FailedCreate"
        assert told in found.message
        wait_until(lambda: not faulty.pods(name))
        events = faulty.core.list_namespaced_event(
            "kubeflow", field_selector="reason=FailedCreate"
        ).items
        assert any(told in one.message for one in events)


def test_a_pod_waits_for_a_node(faulty: Platform) -> None:
    def told() -> str:
        for pod in faulty.pods("dashboard"):
            for one in pod.status.conditions or []:
                if one.type == "PodScheduled" and one.status == "False":
                    return str(one.message)
        return ""

    with faulty.broken("pod-unschedulable"):
        assert "0/1 nodes are available" in wait_until(told)


def test_a_pod_does_not_end(faulty: Platform) -> None:
    with faulty.broken("pod-not-ending"):
        (pod,) = wait_until(
            lambda: [
                one
                for one in faulty.pods("ml-pipeline-viewer-crd")
                if one.metadata.deletion_timestamp
            ]
        )
        assert pod.metadata.finalizers == ["kubeflow.org/viewer-cleanup"]


def test_a_container_has_too_little_memory(faulty: Platform) -> None:
    (node,) = faulty.core.list_node().items
    (enforced,) = (one for one in node.status.conditions if one.type == "ResourceLimitsEnforced")
    if enforced.status != "True":
        pytest.skip(f"no limits here: {enforced.message}")

    def killed() -> bool:
        return any(
            each.last_state.terminated is not None
            and each.last_state.terminated.reason == "OOMKilled"
            for one in faulty.pods("ml-pipeline-scheduledworkflow")
            for each in one.status.container_statuses or []
        )

    with faulty.broken("out-of-memory"):
        wait_until(killed)


def test_a_component_is_never_ready(faulty: Platform) -> None:
    def running() -> bool:
        return any(
            each.state.running is not None and not each.ready
            for one in faulty.pods("volumes-web-app")
            for each in one.status.container_statuses or []
        )

    with faulty.broken("workload-not-ready"):
        wait_until(running)
        wait_until(lambda: "volumes-web-app-deployment" in faulty.unready())


def test_a_controller_is_gone_and_its_kinds_are_not(faulty: Platform) -> None:
    with faulty.broken("controller-missing"):
        wait_until(lambda: not faulty.pods("kserve-controller-manager"))
        faulty.get("/apis/serving.kserve.io/v1beta1/inferenceservices")


def test_an_old_release_serves_on(faulty: Platform) -> None:
    def late() -> bool:
        found = faulty.conditions("ml-pipeline-ui").get("Progressing")
        return found is not None and found.reason == "ProgressDeadlineExceeded"

    with faulty.broken("rollout-stuck"):
        wait_until(late)
        assert len(faulty.pods("ml-pipeline-ui")) == 2
        assert {reason for reason, _ in faulty.waiting("ml-pipeline-ui")} == {"ImagePullBackOff"}


def test_a_job_is_kept_by_its_proxy(faulty: Platform) -> None:
    def states() -> dict[str, bool]:
        pods = faulty.pods("training-data", "kubeflow-user-example-com")
        return {
            each.name: each.state.terminated is not None
            for one in pods
            for each in one.status.container_statuses or []
        }

    with faulty.broken("job-kept-by-sidecar"):
        wait_until(lambda: states() == {"main": True, "istio-proxy": False})


def test_a_container_lacks_its_secret(faulty: Platform) -> None:
    def told() -> list[str]:
        return [
            message
            for reason, message in faulty.waiting("ml-pipeline")
            if reason == "CreateContainerConfigError"
        ]

    with faulty.broken("container-config-refused"):
        assert wait_until(told) == ['secret "mysql-secret" not found']
