"""TrainJobs from the first look at them to their end, and what they are made of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.training.conftest import ALL_REDUCE, TORCH, Training, trainer
from tests.local.webapps.conftest import eventually

SLEEP = "import time; time.sleep(300)"
NODE = {
    "name": "node",
    "template": {
        "metadata": {"labels": {"trainer.kubeflow.org/trainjob-ancestor-step": "trainer"}},
        "spec": {
            "backoffLimit": 0,
            "template": {
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": "node", "image": "python:3.11"}],
                }
            },
        },
    },
}


@pytest.mark.parametrize("which", ["training", "older"])
def test_two_nodes_talk(which: str, request: pytest.FixtureRequest) -> None:
    training: Training = request.getfixturevalue(which)
    name = training.train(ALL_REDUCE, nodes=2)
    assert training.ended(name) == {"Complete": "AllJobsCompleted"}
    first, second = training.said(name)
    assert (first["rank"], second["rank"]) == (0, 1)
    assert first["world"] == second["world"] == 2
    assert first["every"] == second["every"]
    assert [one["host"] for one in first["every"]] == [f"{name}-node-0-0", f"{name}-node-0-1"]
    assert sum(one["value"] for one in first["every"]) == 3


def test_sixteen_nodes_at_once(training: Training) -> None:
    name = training.train(ALL_REDUCE, nodes=16)
    training.ended(name)
    found = training.said(name)
    assert sorted(one["rank"] for one in found) == list(range(16))
    for one in found:
        assert sum(each["value"] for each in one["every"]) == 136


def test_it_is_made_as_trainer_makes_it(training: Training) -> None:
    name = training.train("pass", nodes=2)
    training.ended(name)
    jobset = training.get("jobsets", name)
    (one,) = jobset["spec"]["replicatedJobs"]
    assert one["template"]["spec"]["completions"] == 2
    (container,) = one["template"]["spec"]["template"]["spec"]["containers"]
    env = {each["name"]: each for each in container["env"]}
    assert env["PET_MASTER_ADDR"]["value"] == f"{name}-node-0-0.{name}"
    assert env["PET_NPROC_PER_NODE"]["value"] == "1"
    assert "valueFrom" in env["PET_NODE_RANK"]
    service = training.core.read_namespaced_service(name, training.namespace)
    assert service.spec.cluster_ip == "None"
    assert service.spec.publish_not_ready_addresses
    job = training.batch.read_namespaced_job(f"{name}-node-0", training.namespace)
    assert job.spec.completion_mode == "Indexed"
    assert job.metadata.labels["jobset.sigs.k8s.io/global-replicas"] == "1"
    status = training.get("trainjobs", name)["status"]
    counts = {"ready": 0, "succeeded": 1, "failed": 0, "active": 0, "suspended": 0}
    assert status["jobsStatus"] == [{"name": "node", **counts}]


def test_a_node_that_fails_fails_it(training: Training) -> None:
    runtime = {
        "mlPolicy": {"numNodes": 2, "torch": {}},
        "template": {"spec": {"replicatedJobs": [NODE]}},
    }
    training.create("trainingruntimes", runtime, name="no-retries")
    script = "import os, sys; print('so it ends'); sys.exit(3 * int(os.environ['PET_NODE_RANK']))"
    name = training.train(
        script, nodes=2, runtimeRef={"name": "no-retries", "kind": "TrainingRuntime"}
    )
    assert training.ended(name) == {"Failed": "FailedJobs"}
    (condition,) = training.get("trainjobs", name)["status"]["conditions"]
    assert condition["message"] == (
        f"jobset failed due to one or more job failures (first failed job: {name}-node-0)"
    )


def test_a_container_that_fails_is_started_again(training: Training) -> None:
    script = (
        "import pathlib, sys; there = pathlib.Path('/data/there'); "
        "sys.exit(0) if there.exists() else (there.touch(), sys.exit(1))"
    )
    pod = {
        "volumes": [{"name": "data", "emptyDir": {}}],
        "containers": [{"name": "node", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
    }
    job = {"name": "node", "template": {"spec": {"template": {"spec": pod}}}}
    patch = {"template": {"spec": {"replicatedJobs": [job]}}}
    name = training.train(
        script, runtimePatches=[{"manager": "example.com/me", "trainingRuntimeSpec": patch}]
    )
    assert training.ended(name) == {"Complete": "AllJobsCompleted"}
    (found,) = training.pods(name)
    assert found.status.container_statuses[0].restart_count == 1


def test_suspended_it_has_no_pods(training: Training) -> None:
    name = training.train(nodes=2, suspend=True)
    eventually(lambda: training.conditions("jobsets", name) == {"Suspended": "SuspendedJobs"})
    assert training.conditions("trainjobs", name) == {"Suspended": "Suspended"}
    assert training.pods(name) == []
    training.patch("trainjobs", name, suspend=False)
    assert training.ended(name) == {"Complete": "AllJobsCompleted"}
    conditions = training.get("trainjobs", name)["status"]["conditions"]
    assert ("Suspended", "False", "Resumed") in {
        (one["type"], one["status"], one["reason"]) for one in conditions
    }


def test_it_is_suspended_while_it_runs(training: Training) -> None:
    name = training.train(f"import signal; signal.signal(15, lambda *_: exit()); {SLEEP}")
    eventually(lambda: [one.status.phase for one in training.pods(name)] == ["Running"])
    training.patch("trainjobs", name, suspend=True)
    eventually(lambda: training.pods(name) == [])
    eventually(lambda: "Suspended" in training.conditions("jobsets", name))
    training.delete("trainjobs", name)


def test_patches_of_a_pod_reach_it(training: Training) -> None:
    metadata = {"labels": {"sidecar.istio.io/inject": "false"}}
    job = {"name": "node", "template": {"spec": {"template": {"metadata": metadata}}}}
    patch = {"template": {"spec": {"replicatedJobs": [job]}}}
    patches = [{"manager": "example.com/me", "trainingRuntimeSpec": patch}]
    name = training.train(runtimePatches=patches)
    training.ended(name)
    (found,) = training.pods(name)
    assert found.metadata.labels["sidecar.istio.io/inject"] == "false"
    assert training.get("trainjobs", name)["spec"]["runtimePatches"][0]["time"]


def test_a_deadline_ends_it(training: Training) -> None:
    name = training.train(SLEEP, activeDeadlineSeconds=1)
    assert training.ended(name) == {"Failed": "DeadlineExceeded"}


def test_a_runtime_in_use_is_kept(training: Training) -> None:
    runtime = {"template": {"spec": {"replicatedJobs": [NODE]}}}
    training.create("trainingruntimes", runtime, name="kept")
    reference = {"name": "kept", "kind": "TrainingRuntime"}
    name = training.create("trainjobs", {"runtimeRef": reference, "suspend": True})

    def finalizers() -> Any:
        return training.get("trainingruntimes", "kept")["metadata"].get("finalizers")

    eventually(lambda: finalizers() == ["trainer.kubeflow.org/resource-in-use"])
    training.delete("trainjobs", name)
    training.delete("trainingruntimes", "kept")

    def gone() -> bool:
        items = training.custom.list_namespaced_custom_object(
            "trainer.kubeflow.org", "v1alpha1", training.namespace, "trainingruntimes"
        )["items"]
        return "kept" not in {one["metadata"]["name"] for one in items}

    eventually(gone)


def test_plain_programs_know_their_number_by_their_host(training: Training) -> None:
    script = (
        "import json, os, socket; "
        "print(json.dumps([socket.gethostname(), 'PET_NNODES' in os.environ]))"
    )
    name = training.train(script, nodes=2, runtimeRef={"name": "plain"})
    training.ended(name)
    assert training.said(name) == [[f"{name}-node-0-{one}", False] for one in (0, 1)]


def test_a_quota_is_an_event(training: Training) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"count/jobs.batch": "0"}}}
    training.core.create_namespaced_resource_quota(training.namespace, quota)
    try:
        name = training.train()
        eventually(lambda: "JobCreationFailed" in dict(training.events(name)))
        assert "exceeded quota: none" in dict(training.events(name))["JobCreationFailed"]
        training.delete("trainjobs", name)
    finally:
        training.core.delete_namespaced_resource_quota("none", training.namespace)


def test_a_limit_is_an_event_of_the_job(training: Training) -> None:
    limit = {"type": "Container", "max": {"cpu": "100m"}}
    body = {"metadata": {"name": "small"}, "spec": {"limits": [limit]}}
    training.core.create_namespaced_limit_range(training.namespace, body)
    try:
        resources = {"limits": {"cpu": "2"}}
        name = training.train(trainer=trainer(resourcesPerNode=resources))
        eventually(lambda: "FailedCreate" in dict(training.events(f"{name}-node-0")))
        found = dict(training.events(f"{name}-node-0"))["FailedCreate"]
        assert "maximum cpu usage per Container is 100m, but limit is 2" in found
        training.delete("trainjobs", name)
    finally:
        training.core.delete_namespaced_limit_range("small", training.namespace)


@pytest.mark.parametrize(
    ("verb", "allowed"), [("create", True), ("patch", True), ("delete", True), ("update", False)]
)
@pytest.mark.parametrize("user", ["user@example.com", "other@example.com"])
def test_owners_may_patch_and_not_update(
    training: Training, user: str, verb: str, allowed: bool
) -> None:
    attributes = {
        "namespace": training.namespace,
        "verb": verb,
        "group": "trainer.kubeflow.org",
        "resource": "trainjobs",
    }
    review = {"spec": {"user": user, "resourceAttributes": attributes}}
    found = training.rights.create_subject_access_review(review).status.allowed
    assert found == (allowed and user == "user@example.com")


def test_everybody_sees_cluster_runtimes(training: Training) -> None:
    attributes = {
        "verb": "list",
        "group": "trainer.kubeflow.org",
        "resource": "clustertrainingruntimes",
    }
    spec = {
        "user": "stranger@example.com",
        "groups": ["system:authenticated"],
        "resourceAttributes": attributes,
    }
    assert training.rights.create_subject_access_review({"spec": spec}).status.allowed


def test_torchrun_starts_what_pytorch_would(training: Training) -> None:
    script = (
        "cat > x.py <<'END'\nimport json, os\n"
        "print(json.dumps([os.environ[one] for one in ('RANK', 'LOCAL_RANK', 'WORLD_SIZE')]))\n"
        "END\ntorchrun x.py"
    )
    command = ["bash", "-c", script]
    name = training.create(
        "trainjobs", {"runtimeRef": TORCH, "trainer": {"numNodes": 2, "command": command}}
    )
    assert training.ended(name) == {"Complete": "AllJobsCompleted"}
    assert training.said(name) == [["0", "0", "2"], ["1", "0", "2"]]
