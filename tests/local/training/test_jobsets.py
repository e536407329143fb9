"""JobSets by hand: dependencies, policies, restarts, and what their webhook says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.training.conftest import Training, failing, replicated
from tests.local.webapps.conftest import eventually


def test_what_depends_waits(training: Training) -> None:
    dependent = replicated(dependsOn=[{"name": "first", "status": "Complete"}], replicas=2)
    name = training.create("jobsets", {"replicatedJobs": [replicated("first"), dependent]})
    assert training.ended(name, "jobsets") == {"Completed": "AllJobsCompleted"}
    first = training.batch.read_namespaced_job(f"{name}-first-0", training.namespace)
    for index in (0, 1):
        job = training.batch.read_namespaced_job(f"{name}-node-{index}", training.namespace)
        assert job.metadata.creation_timestamp >= first.status.completion_time
        assert job.metadata.labels["jobset.sigs.k8s.io/job-global-index"] == str(1 + index)
    counted = training.get("jobsets", name)["status"]["replicatedJobsStatus"]
    assert [(one["name"], one["succeeded"]) for one in counted] == [("node", 2), ("first", 1)]


def test_in_order_says_so(training: Training) -> None:
    every = [replicated("first", "import time; time.sleep(1)"), replicated("second")]
    spec = {"startupPolicy": {"startupPolicyOrder": "InOrder"}, "replicatedJobs": every}
    name = training.create("jobsets", spec)
    training.ended(name, "jobsets")
    found = {reason for reason, _ in training.events(name)}
    assert {"InOrderStartupPolicyInProgress", "InOrderStartupPolicyCompleted"} <= found
    first = training.batch.read_namespaced_job(f"{name}-first-0", training.namespace)
    second = training.batch.read_namespaced_job(f"{name}-second-0", training.namespace)
    assert second.metadata.creation_timestamp >= first.status.start_time


def test_restarts_are_counted(training: Training) -> None:
    spec = {"failurePolicy": {"maxRestarts": 1}, "replicatedJobs": [failing()]}
    name = training.create("jobsets", spec)
    assert training.ended(name, "jobsets") == {"Failed": "ReachedMaxRestarts"}
    status = training.get("jobsets", name)["status"]
    assert (status["restarts"], status["restartsCountTowardsMax"]) == (1, 1)
    assert status["terminalState"] == "Failed"
    assert "RestartJobSetFailurePolicyAction" in dict(training.events(name))


def test_a_rule_ends_it_at_once(training: Training) -> None:
    rule = {"action": "FailJobSet", "onJobFailureReasons": ["BackoffLimitExceeded"]}
    policy = {"maxRestarts": 3, "rules": [rule]}
    name = training.create("jobsets", {"failurePolicy": policy, "replicatedJobs": [failing()]})
    assert training.ended(name, "jobsets") == {"Failed": "FailJobSetFailurePolicyAction"}


def test_any_success_is_enough(training: Training) -> None:
    every = [replicated("quick"), replicated("slow", "import time; time.sleep(300)")]
    policy = {"operator": "Any", "targetReplicatedJobs": ["quick"]}
    name = training.create("jobsets", {"successPolicy": policy, "replicatedJobs": every})
    assert training.ended(name, "jobsets") == {"Completed": "AllJobsCompleted"}
    training.delete("jobsets", name)


def test_it_is_gone_after_its_time(training: Training) -> None:
    spec = {"ttlSecondsAfterFinished": 0, "replicatedJobs": [replicated()]}
    name = training.create("jobsets", spec)

    def gone() -> bool:
        try:
            training.get("jobsets", name)
        except ApiException as error:
            return bool(error.status == 404)
        return False

    eventually(gone)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"replicatedJobs": [replicated(dependsOn=[{"name": "x", "status": "Ready"}])]},
            "DependsOn can't be set for the first ReplicatedJob",
        ),
        (
            {"network": {"subdomain": "A_b"}, "replicatedJobs": [replicated()]},
            'spec.network.subdomain: Invalid value: "A_b": a lowercase RFC 1123 subdomain',
        ),
        (
            {"managedBy": "x", "replicatedJobs": [replicated()]},
            'spec.managedBy: Invalid value: "x": must be a domain-prefixed path',
        ),
        (
            {"coordinator": {"replicatedJob": "z"}, "replicatedJobs": [replicated()]},
            "coordinator replicatedJob z does not exist",
        ),
        (
            {"replicatedJobs": [replicated(replicas=100000, job={"parallelism": 100000})]},
            "the product of replicas and parallelism must not exceed 2147483647",
        ),
        (
            {
                "failurePolicy": {"restartStrategy": "InPlaceRestart"},
                "replicatedJobs": [replicated()],
            },
            "InPlaceRestart restart strategy cannot be set when",
        ),
    ],
)
def test_it_refuses_in_its_words(training: Training, spec: dict[str, Any], message: str) -> None:
    with pytest.raises(ApiException) as found:
        training.create("jobsets", spec)
    body = json.loads(found.value.body)
    assert (body["code"], body["reason"]) == (403, "Forbidden")
    assert body["message"].startswith(
        f'admission webhook "vjobset.kb.io" denied the request: {message}'
    )


def test_names_that_grow_too_long(training: Training) -> None:
    with pytest.raises(ApiException, match="job names generated for this JobSet will exceed 63"):
        training.create("jobsets", {"replicatedJobs": [replicated()]}, name="a" * 58)


def test_its_jobs_cannot_be_changed(training: Training) -> None:
    name = training.create("jobsets", {"suspend": True, "replicatedJobs": [replicated()]})
    with pytest.raises(ApiException, match=r"spec.replicatedJobs: .*field is immutable"):
        training.patch("jobsets", name, replicatedJobs=[replicated(replicas=2)])
    training.delete("jobsets", name)
