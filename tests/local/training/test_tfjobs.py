"""TFJobs of the older Training Operator: what their replicas are told, and how they end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.client import ApiException

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.training.operator.tensorflow import TensorFlowFramework
from pytest_kubeflow.local.training.operator.tensorflow.validation import tf_job_errors
from tests.local.training.conftest import Training
from tests.local.training.operator_jobs import job, judged, pod, replica
from tests.local.webapps.conftest import eventually

TF = TensorFlowFramework()
MAIN = "tensorflow"
SAYS = "import os; print(os.environ['TF_CONFIG'])"


def tf_job(replicas: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return job(TF, {"tfReplicaSpecs": replicas, **spec})


def told(made: dict[str, Any], kind: str, index: int, *faults: str) -> Any:
    """TF_CONFIG of a replica; None if it has none."""
    spec: dict[str, Any] = {"containers": [{"name": "side"}, {"name": MAIN}]}
    TF.equip(made, kind, index, spec, Faults(faults))
    assert "env" not in spec["containers"][0]
    env = spec["containers"][1].get("env")
    return json.loads(env[0]["value"]) if env else None


def test_all_know_all() -> None:
    many = tf_job({"PS": replica(name=MAIN), "worker": replica(2, name=MAIN)})
    hosts = [f"a-worker-{index}.team.svc:2222" for index in range(2)]
    cluster = {"ps": ["a-ps-0.team.svc:2222"], "worker": hosts}
    found = told(many, "Worker", 1)
    assert found["cluster"] == cluster
    assert found["task"] == {"type": "worker", "index": 1}
    assert found["environment"] == "cloud"
    assert told(many, "PS", 0)["task"] == {"type": "ps", "index": 0}
    assert told(tf_job({"Worker": replica(name=MAIN)}), "Worker", 0) is None
    assert told(tf_job({"Boss": replica(name=MAIN)}), "Boss", 0) is not None


def test_workers_that_come_and_go() -> None:
    many = tf_job(
        {"PS": replica(name=MAIN), "Worker": replica(2, name=MAIN), "Chief": replica(name=MAIN)},
        enableDynamicWorker=True,
    )
    servers = ["a-ps-0.team.svc:2222"]
    own = {"1": "a-worker-1.team.svc:2222"}
    assert told(many, "Worker", 1)["cluster"] == {"worker": own, "ps": servers}
    assert told(many, "PS", 0)["cluster"] == {"worker": {}, "ps": servers}
    assert told(many, "Chief", 0)["cluster"] == {"worker": {}, "ps": []}


def test_what_faults_tell() -> None:
    many = tf_job({"Worker": replica(2, name=MAIN)})
    assert told(many, "Worker", 1, "training-ranks-equal")["task"]["index"] == 0
    alone = told(many, "Worker", 1, "training-world-one")
    assert alone["cluster"]["worker"] == ["a-worker-0.team.svc:2222"]


def test_who_decides() -> None:
    workers = tf_job({"Worker": replica(2, name=MAIN)})
    first = pod("Worker", 0, "Succeeded", 0, MAIN), pod("Worker", 1, "Running")
    done = {"Succeeded": "TFJob team/a successfully completed."}
    assert judged(TF, workers, *first) == (done, ["TFJobSucceeded"])
    other = pod("Worker", 0, "Running"), pod("Worker", 1, "Succeeded", 0, MAIN)
    assert judged(TF, workers, *other) == ({"Running": "TFJob team/a is running."}, [])
    every = tf_job({"Worker": replica(2, name=MAIN)}, successPolicy="AllWorkers")
    assert "Running" in judged(TF, every, *first)[0]
    led = tf_job({"Worker": replica(2, name=MAIN), "Chief": replica(name=MAIN)})
    assert judged(TF, led, *first)[0] == {}
    assert judged(TF, led, pod("Chief", 0, "Succeeded", 0, MAIN))[0] == done
    assert judged(TF, tf_job({"Worker": replica(0, name=MAIN)}))[0] == done


def test_replicas_that_fail() -> None:
    workers = tf_job({"Worker": replica(2, name=MAIN)})
    bad = pod("Worker", 1, "Failed", 3, MAIN)
    failed = {"Failed": "TFJob team/a has failed because 1 Worker replica(s) failed."}
    assert judged(TF, workers, bad) == (failed, ["TFJobFailed"])
    assert judged(TF, workers, bad, faults=["training-false-complete"])[0] == {}
    dynamic = tf_job({"Worker": replica(2, name=MAIN)}, enableDynamicWorker=True)
    assert judged(TF, dynamic, bad) == ({}, [])
    again = {"type": "Restarting", "status": "True", "reason": "TFJobRestarting", "message": "m"}
    assert judged(TF, workers, bad, conditions=[again]) == ({"Restarting": "m"}, [])


def test_what_is_wrong_with_one() -> None:
    def errors(spec: dict[str, Any], *, before: Any = None, name: str = "a") -> list[str]:
        made = {"metadata": {"name": name}, "spec": spec}
        old = {"metadata": {"name": name}, "spec": before} if before is not None else None
        return list(tf_job_errors(old, made))

    good = {"tfReplicaSpecs": {"Worker": replica(name=MAIN)}}
    assert errors(good) == []
    assert errors({}) == ["spec.tfReplicaSpecs: Required value: must be required"]
    assert errors(good, name="a.b")[0].startswith('metadata.name: Invalid value: "a.b": should ma')
    leaders = {"Chief": replica(name=MAIN), "Master": replica(name=MAIN)}
    found = "spec.tfReplicaSpecs: Forbidden: must not have more than 1 Chief or Master role"
    assert errors({"tfReplicaSpecs": leaders}) == [found]
    (found,) = errors({"tfReplicaSpecs": {"Worker": replica(name="main")}})
    assert found.endswith("must have at least one container with name tensorflow")
    theirs = {**good, "runPolicy": {"managedBy": "kueue.x-k8s.io/multikueue"}}
    assert errors(theirs) == []
    (found,) = errors(theirs, before=good)
    assert found.endswith("field is immutable")


def test_a_job_with_a_chief(older: Training) -> None:
    container = {"name": MAIN, "image": "python:3.11", "command": ["python", "-c", SAYS]}
    one = {"template": {"spec": {"containers": [container], "restartPolicy": "Always"}}}
    name = older.create(
        "tfjobs", {"tfReplicaSpecs": {"Chief": one, "Worker": {**one, "replicas": 2}}}
    )
    eventually(lambda: "Succeeded" in older.conditions("tfjobs", name))
    chief = older.core.read_namespaced_pod(f"{name}-chief-0", older.namespace)
    labels = chief.metadata.labels
    assert labels["training.kubeflow.org/job-role"] == "master"
    assert labels["training.kubeflow.org/operator-name"] == "tfjob-controller"
    assert chief.spec.restart_policy == "Never"
    log = older.core.read_namespaced_pod_log(
        chief.metadata.name, older.namespace, _preload_content=False
    )
    host = f"{name}-worker-1.{older.namespace}.svc:2222"
    assert json.loads(log.data)["cluster"]["worker"][1] == host
    assert "SettedPodTemplateRestartPolicy" in dict(older.events(name))


def test_a_job_that_is_refused(older: Training) -> None:
    two = {kind: replica(name=MAIN) for kind in ("Chief", "Master")}
    with pytest.raises(ApiException, match=r"validator\.tfjob\..*not have more than 1 Chief or"):
        older.create("tfjobs", {"tfReplicaSpecs": two})


def test_a_job_without_replicas_waits(older: Training) -> None:
    """The operator waits for replicas that were never asked for, as with PyTorchJobs."""
    empty = older.create("tfjobs", {"tfReplicaSpecs": {}})
    container = {"name": MAIN, "image": "python:3.11", "command": ["true"]}
    none = {"replicas": 0, "template": {"spec": {"containers": [container]}}}
    zero = older.create("tfjobs", {"tfReplicaSpecs": {"Worker": none}})
    eventually(lambda: "Succeeded" in older.conditions("tfjobs", zero))
    assert ("SuccessfulCreatePod", f"Created pod: {zero}-worker-0") in older.events(zero)
    assert "status" not in older.get("tfjobs", empty)
