"""Jobs; the test plays the kubelet."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.controllers.conftest import Eventually

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"


def batch_of(core: Any) -> Any:
    from kubernetes import client

    return client.BatchV1Api(core.api_client)


def job(name: str, *, restart: str = "Never", **spec: Any) -> dict[str, Any]:
    pod = {"restartPolicy": restart, "containers": [{"name": "main", "image": "a:1"}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": pod}
    return {"metadata": {"name": name}, "spec": {"template": template, **spec}}


class Jobs:
    """Jobs of one namespace, whose pods end as the test says."""

    def __init__(self, core: Any, namespace: str, eventually: Eventually) -> None:
        self.core, self.namespace, self.eventually = core, namespace, eventually
        self.batch = batch_of(core)

    def create(self, name: str, **spec: Any) -> Any:
        return self.batch.create_namespaced_job(self.namespace, job(name, **spec))

    def status(self, name: str) -> Any:
        return self.batch.read_namespaced_job_status(name, self.namespace).status

    def change(self, name: str, **spec: Any) -> None:
        self.batch.patch_namespaced_job(name, self.namespace, {"spec": spec})

    def pods(self, name: str) -> list[Any]:
        listed = self.core.list_namespaced_pod(self.namespace, label_selector=f"app={name}").items
        alive = [one for one in listed if one.metadata.deletion_timestamp is None]
        return sorted(alive, key=lambda pod: (index_of(pod), pod.metadata.name))

    def active(self, name: str) -> list[Any]:
        return [pod for pod in self.pods(name) if pod.status.phase in {"Pending", "Running"}]

    def wait_active(self, name: str, number: int = 1) -> list[Any]:
        found: list[Any] = self.eventually(
            lambda: len(one := self.active(name)) == number and (one or True)
        )
        return found

    def end(self, pod: Any, code: int = 0, **status: Any) -> None:
        phase = "Failed" if code else "Succeeded"
        state = {"terminated": {"exitCode": code, "reason": "x"}}
        containers = [
            {
                "name": "main",
                "image": "a:1",
                "imageID": "",
                "ready": False,
                "restartCount": 0,
                "state": state,
            }
        ]
        body = {"status": {"phase": phase, "containerStatuses": containers, **status}}
        self.core.patch_namespaced_pod_status(pod.metadata.name, self.namespace, body)

    def wait_condition(self, name: str, kind: str) -> Any:
        def found() -> Any:
            conditions = self.status(name).conditions or []
            return next((one for one in conditions if (one.type, one.status) == (kind, "True")), 0)

        return self.eventually(found)

    def wait_status(self, name: str, holds: Callable[[Any], bool]) -> Any:
        return self.eventually(lambda: holds(one := self.status(name)) and one)

    def messages(self) -> list[tuple[str, str]]:
        listed = self.core.list_namespaced_event(self.namespace).items
        return [(one.reason, one.message) for one in listed]

    def refused(self, name: str, **spec: Any) -> str:
        with pytest.raises(ApiException) as refused:
            self.create(name, **spec)
        assert refused.value.status == 422
        message: str = json.loads(refused.value.body)["message"]
        return message


def index_of(pod: Any) -> int:
    return int((pod.metadata.annotations or {}).get(INDEX, -1))


@pytest.fixture
def jobs(core: Any, namespace: str, eventually: Eventually) -> Jobs:
    return Jobs(core, namespace, eventually)


def kinds(status: Any) -> list[str]:
    return [one.type for one in status.conditions or []]


def test_a_job_is_complete_when_its_pod_has_succeeded(jobs: Jobs) -> None:
    made = jobs.create("j")
    uid = made.metadata.uid
    generated = {
        "app": "j",
        "job-name": "j",
        "controller-uid": uid,
        "batch.kubernetes.io/job-name": "j",
        "batch.kubernetes.io/controller-uid": uid,
    }
    assert made.spec.template.metadata.labels == generated
    assert made.metadata.labels == generated
    assert made.spec.selector.match_labels == {"batch.kubernetes.io/controller-uid": uid}
    assert (made.spec.completions, made.spec.parallelism, made.spec.backoff_limit) == (1, 1, 6)
    (pod,) = jobs.wait_active("j")
    assert pod.metadata.generate_name == "j-"
    assert pod.metadata.labels == generated
    assert pod.metadata.finalizers == [FINALIZER]
    assert pod.metadata.owner_references[0].uid == uid
    status = jobs.wait_status("j", lambda one: one.active == 1)
    assert (status.ready, status.terminating, status.start_time is not None) == (0, 0, True)

    jobs.end(pod)
    jobs.wait_condition("j", "Complete")
    status = jobs.status("j")
    assert kinds(status) == ["SuccessCriteriaMet", "Complete"]
    assert [one.reason for one in status.conditions] == ["CompletionsReached"] * 2
    assert (status.active, status.succeeded, status.failed) == (None, 1, None)
    assert status.completion_time is not None
    assert not status.uncounted_terminated_pods.succeeded
    (pod,) = jobs.pods("j")
    assert not pod.metadata.finalizers
    assert ("SuccessfulCreate", f"Created pod: {pod.metadata.name}") in jobs.messages()
    jobs.eventually(lambda: ("Completed", "Job completed") in jobs.messages())


def test_failed_pods_are_replaced_until_the_limit(jobs: Jobs) -> None:
    jobs.create("f", backoffLimit=1)
    for failures in (1, 2):
        (pod,) = jobs.wait_active("f")
        jobs.end(pod, 3)
        jobs.wait_status("f", lambda one, failures=failures: one.failed == failures)  # type: ignore[misc]
    found = jobs.wait_condition("f", "Failed")
    assert found.reason == "BackoffLimitExceeded"
    assert found.message == "Job has reached the specified backoff limit"
    status = jobs.status("f")
    assert kinds(status) == ["FailureTarget", "Failed"]
    assert (status.active, status.completion_time) == (None, None)
    assert len(jobs.pods("f")) == 2
    jobs.eventually(lambda: ("BackoffLimitExceeded", found.message) in jobs.messages())


def test_restarts_of_containers_count_where_pods_are_restarted(jobs: Jobs) -> None:
    jobs.create("r", restart="OnFailure", backoffLimit=2)
    (pod,) = jobs.wait_active("r")
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    one = {"name": "main", "image": "a", "imageID": "", "ready": True, "restartCount": 2}
    body = {"status": {"phase": "Running", "containerStatuses": [{**one, "state": state}]}}
    jobs.core.patch_namespaced_pod_status(pod.metadata.name, jobs.namespace, body)
    jobs.wait_condition("r", "FailureTarget")
    jobs.eventually(lambda: jobs.active("r") == [])


def test_as_many_at_once_as_may_be(jobs: Jobs) -> None:
    jobs.create("p", completions=3, parallelism=2)
    first, second = jobs.wait_active("p", 2)
    jobs.end(first)
    jobs.wait_status("p", lambda one: one.succeeded == 1)
    jobs.wait_active("p", 2)
    for pod in jobs.active("p"):
        jobs.end(pod)
    jobs.wait_condition("p", "Complete")
    assert (jobs.status("p").succeeded, len(jobs.pods("p"))) == (3, 3)
    assert second.metadata.name in {pod.metadata.name for pod in jobs.pods("p")}


def test_a_work_queue_is_done_when_all_that_run_are(jobs: Jobs) -> None:
    jobs.create("q", parallelism=2)
    first, second = jobs.wait_active("q", 2)
    jobs.end(first)
    jobs.wait_status("q", lambda one: one.succeeded == 1)
    assert len(jobs.active("q")) == 1
    jobs.end(second)
    jobs.wait_condition("q", "Complete")


def test_pods_of_an_indexed_job_know_their_index(jobs: Jobs) -> None:
    jobs.create("i", completions=4, parallelism=4, completionMode="Indexed")
    pods = jobs.wait_active("i", 4)
    assert [index_of(pod) for pod in pods] == [0, 1, 2, 3]
    assert [pod.spec.hostname for pod in pods] == ["i-0", "i-1", "i-2", "i-3"]
    assert [pod.metadata.generate_name for pod in pods] == ["i-0-", "i-1-", "i-2-", "i-3-"]
    assert pods[2].metadata.labels[INDEX] == "2"
    (variable,) = pods[2].spec.containers[0].env
    assert variable.name == "JOB_COMPLETION_INDEX"
    assert variable.value_from.field_ref.field_path == f"metadata.labels['{INDEX}']"
    for at in (3, 1, 0):
        jobs.end(pods[at])
    assert jobs.wait_status("i", lambda one: one.succeeded == 3).completed_indexes == "0,1,3"
    jobs.end(pods[2], 1)
    again = jobs.eventually(lambda: (one := jobs.active("i")) and one[0])
    assert index_of(again) == 2
    jobs.end(again)
    jobs.wait_condition("i", "Complete")
    status = jobs.status("i")
    assert (status.completed_indexes, status.succeeded, status.failed) == ("0-3", 4, 1)


def test_indexes_fail_each_by_itself(jobs: Jobs) -> None:
    jobs.create("x", completions=3, parallelism=3, completionMode="Indexed", backoffLimitPerIndex=1)
    first, second, third = jobs.wait_active("x", 3)
    jobs.end(first)
    jobs.end(second, 1)
    jobs.end(third)
    replaced = jobs.eventually(lambda: (one := jobs.active("x")) and one[0])
    count = "batch.kubernetes.io/job-index-failure-count"
    assert (index_of(replaced), replaced.metadata.annotations[count]) == (1, "1")
    jobs.end(replaced, 1)
    found = jobs.wait_condition("x", "Failed")
    assert (found.reason, found.message) == ("FailedIndexes", "Job has failed indexes")
    status = jobs.status("x")
    assert (status.completed_indexes, status.failed_indexes) == ("0,2", "1")
    assert (status.succeeded, status.failed) == (2, 2)


def test_too_many_failed_indexes_end_the_job(jobs: Jobs) -> None:
    jobs.create(
        "m",
        completions=3,
        parallelism=3,
        completionMode="Indexed",
        backoffLimitPerIndex=0,
        maxFailedIndexes=0,
    )
    jobs.end(jobs.wait_active("m", 3)[1], 1)
    assert jobs.wait_condition("m", "FailureTarget").reason == "MaxFailedIndexesExceeded"
    jobs.eventually(lambda: jobs.active("m") == [])


def test_some_indexes_are_enough(jobs: Jobs) -> None:
    policy = {"rules": [{"succeededIndexes": "0,2-3", "succeededCount": 2}]}
    jobs.create("s", completions=4, parallelism=4, completionMode="Indexed", successPolicy=policy)
    pods = jobs.wait_active("s", 4)
    jobs.end(pods[1])
    jobs.end(pods[0])
    jobs.wait_status("s", lambda one: one.completed_indexes == "0,1")
    jobs.end(pods[3])
    found = jobs.wait_condition("s", "SuccessCriteriaMet")
    assert (found.reason, found.message) == ("SuccessPolicy", "Matched rules at index 0")
    jobs.eventually(lambda: jobs.active("s") == [])


_RULES: list[dict[str, Any]] = [
    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
    {
        "action": "FailJob",
        "onExitCodes": {"containerName": "main", "operator": "In", "values": [42]},
    },
    {"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [1, 2]}},
]


def test_a_policy_says_what_failures_mean(jobs: Jobs) -> None:
    made = jobs.create("y", podFailurePolicy={"rules": _RULES}, backoffLimit=0)
    assert made.spec.pod_replacement_policy == "Failed"
    (pod,) = jobs.wait_active("y")
    disrupted = {"type": "DisruptionTarget", "status": "True"}
    jobs.end(pod, 137, conditions=[disrupted])
    again = jobs.eventually(
        lambda: next(
            (one for one in jobs.active("y") if one.metadata.name != pod.metadata.name), None
        )
    )
    assert not jobs.status("y").failed
    jobs.end(again, 42)
    found = jobs.wait_condition("y", "Failed")
    assert found.reason == "PodFailurePolicy"
    assert found.message == (
        f"Container main for pod {jobs.namespace}/{again.metadata.name} failed with exit code 42 "
        "matching FailJob rule at index 1"
    )
    assert jobs.status("y").failed == 1


def test_a_suspended_job_has_no_pods(jobs: Jobs) -> None:
    jobs.create("z", suspend=True)
    found = jobs.wait_condition("z", "Suspended")
    assert (found.reason, found.message) == ("JobSuspended", "Job suspended")
    assert (jobs.pods("z"), jobs.status("z").start_time) == ([], None)
    jobs.change("z", suspend=False)
    jobs.wait_active("z")
    status = jobs.wait_status("z", lambda one: one.start_time)
    assert [(one.status, one.reason) for one in status.conditions] == [("False", "JobResumed")]
    jobs.change("z", suspend=True)
    jobs.eventually(lambda: jobs.pods("z") == [])
    jobs.wait_condition("z", "Suspended")
    messages = jobs.messages()
    assert {"Suspended", "Resumed", "SuccessfulDelete"} <= {reason for reason, _ in messages}
    assert not jobs.status("z").failed


def test_a_job_that_takes_too_long_is_ended(jobs: Jobs) -> None:
    jobs.create("d", activeDeadlineSeconds=1)
    found = jobs.wait_condition("d", "FailureTarget")
    assert found.reason == "DeadlineExceeded"
    assert found.message == "Job was active longer than specified deadline"
    jobs.eventually(lambda: jobs.active("d") == [])


def test_a_job_that_is_over_goes_with_its_pods(jobs: Jobs) -> None:
    jobs.create("t", ttlSecondsAfterFinished=0)
    jobs.end(jobs.wait_active("t")[0])
    jobs.eventually(lambda: jobs.batch.list_namespaced_job(jobs.namespace).items == [])
    jobs.eventually(lambda: jobs.pods("t") == [])


def test_pods_that_are_refused_are_told(jobs: Jobs) -> None:
    body = job("w")
    body["spec"]["template"]["spec"]["serviceAccountName"] = "nobody"
    jobs.batch.create_namespaced_job(jobs.namespace, body)

    def refusals() -> list[str]:
        found = [message for reason, message in jobs.messages() if reason == "FailedCreate"]
        return [one for one in found if one.startswith("Error creating: ") and "nobody" in one]

    jobs.eventually(refusals)
    assert not jobs.status("w").active


def test_pods_are_left_behind_where_nothing_is_said(jobs: Jobs) -> None:
    """As a real API server does it for batch/v1; kubectl asks for the background."""
    jobs.create("o")
    (pod,) = jobs.wait_active("o")
    _, _, headers = jobs.batch.delete_namespaced_job_with_http_info("o", jobs.namespace)
    assert "child pods are preserved by default when jobs are deleted" in headers["Warning"]
    jobs.eventually(lambda: jobs.batch.list_namespaced_job(jobs.namespace).items == [])
    name = pod.metadata.name

    def left() -> bool:
        metadata = jobs.core.read_namespaced_pod(name, jobs.namespace).metadata
        return not metadata.owner_references and not metadata.finalizers

    jobs.eventually(left)


def test_pods_go_with_their_job(jobs: Jobs) -> None:
    jobs.create("g")
    (pod,) = jobs.wait_active("g")
    jobs.batch.delete_namespaced_job("g", jobs.namespace, propagation_policy="Foreground")
    jobs.eventually(lambda: jobs.pods("g") == [])
    name = pod.metadata.name
    jobs.core.delete_namespaced_pod(name, jobs.namespace, grace_period_seconds=0)
    jobs.eventually(lambda: jobs.batch.list_namespaced_job(jobs.namespace).items == [])


def test_a_job_may_find_its_pods_by_labels_of_its_own(jobs: Jobs) -> None:
    made = jobs.create("n", manualSelector=True, selector={"matchLabels": {"app": "n"}})
    assert made.spec.template.metadata.labels == {"app": "n"}
    jobs.wait_active("n")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"parallelism": -1}, "spec.parallelism: Invalid value: -1: must be greater than or equal"),
        ({"completionMode": "Some"}, 'spec.completionMode: Unsupported value: "Some"'),
        (
            {"completionMode": "Indexed", "parallelism": 1},
            "spec.completions: Required value: when completion mode is Indexed",
        ),
        (
            {"backoffLimitPerIndex": 1},
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        ),
        (
            {"selector": {"matchLabels": {"app": "other"}}},
            "`selector` not auto-generated",
        ),
        (
            {"podFailurePolicy": {"rules": [{**_RULES[2], "action": "FailIndex"}]}},
            'Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        ),
        (
            {"podFailurePolicy": {"rules": [{"action": "FailJob"}]}},
            "specifying one of OnExitCodes and OnPodConditions is required",
        ),
    ],
)
def test_a_job_that_cannot_be_is_refused(jobs: Jobs, spec: dict[str, Any], message: str) -> None:
    assert message in jobs.refused("b", **spec)


def test_a_name_that_makes_no_host_is_refused(jobs: Jobs) -> None:
    name = "x" * 62
    message = jobs.refused(name, completions=2, completionMode="Indexed")
    assert f"will not able to create pod with invalid DNS label: {name}-1" in message


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"completions": 2}, "spec.completions: Invalid value: 2: field is immutable"),
        ({"completionMode": "Indexed"}, "spec.completionMode: Invalid value"),
        ({"template": {"metadata": {"labels": {"a": "b"}}}}, "spec.template: Invalid value"),
    ],
)
def test_what_a_job_is_cannot_be_changed(jobs: Jobs, spec: dict[str, Any], words: str) -> None:
    jobs.create("c")
    with pytest.raises(ApiException) as refused:
        jobs.change("c", **spec)
    message = json.loads(refused.value.body)["message"]
    assert words in message
    assert "field is immutable" in message
