"""MPIJobs of the older Training Operator: a launcher that enters its workers by kubectl exec."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.faults import Faults
from pytest_kubeflow.local.training.operator.mpi import MpiFramework
from pytest_kubeflow.local.training.operator.mpi.configuration import new_config, new_role
from pytest_kubeflow.local.training.operator.mpi.objects import new_launcher, new_worker
from pytest_kubeflow.local.training.operator.mpi.validation import refusal
from tests.local.training.conftest import Training
from tests.local.training.operator_jobs import job, judged, pod, replica
from tests.local.webapps.conftest import eventually

MPI = MpiFramework()
# What mpirun does: it starts a program in each host of its file, by the script that it is told.
LAUNCHES = """
import os, subprocess, sys, time
for line in open(os.environ["OMPI_MCA_orte_default_hostfile"]):
    host, slots = line.split()
    while True:
        command = [os.environ["OMPI_MCA_plm_rsh_agent"], host, "hostname; exit 7"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 7:
            break
        time.sleep(0.1)
    print(host, slots, done.stdout.strip(), done.stderr.strip().splitlines()[-1], flush=True)
command = ["/opt/kube/kubectl", "exec", "nobody", "--", "true"]
absent = subprocess.run(command, capture_output=True, text=True)
print(absent.returncode, absent.stderr.strip(), flush=True)
"""


def mpi_job(workers: int | None = 2, *, launcher: Any = None, **spec: Any) -> dict[str, Any]:
    replicas = {"Launcher": launcher or replica(name="mpi")}
    if workers is not None:
        replicas["Worker"] = replica(workers, name="mpi")
    return job(MPI, {"mpiReplicaSpecs": replicas, **spec})


def test_what_the_launcher_reads() -> None:
    data = new_config(mpi_job(slotsPerWorker=2), ["a-worker-1", "a-worker-0"], Faults())["data"]
    assert data["hostfile"] == "a-worker-0 slots=2\na-worker-1 slots=2\n"
    assert data["discover_hosts.sh"] == "#!/bin/sh\necho a-worker-0:2\necho a-worker-1:2"
    enter = '/opt/kube/kubectl exec ${POD_NAME} -- /bin/sh -c "$*"'
    assert data["kubexec.sh"].splitlines() == ["#!/bin/sh", "set -x", "POD_NAME=$1", "shift", enter]
    named = new_config(mpi_job(mainContainer="mpi"), [], Faults())["data"]
    assert "exec ${POD_NAME} --container mpi -- " in named["kubexec.sh"]
    alone = new_config(mpi_job(None), [], Faults())["data"]
    assert (alone["hostfile"], alone["discover_hosts.sh"]) == ("", "#!/bin/sh")
    for fault, hosts in (
        ("training-ranks-equal", "a-worker-0 slots=1\na-worker-0 slots=1\n"),
        ("training-world-one", "a-worker-0 slots=1\n"),
    ):
        assert new_config(mpi_job(), [], Faults([fault]))["data"]["hostfile"] == hosts


def test_a_launcher_with_gpus_is_a_host() -> None:
    limits = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}
    launcher = replica(name="mpi")
    launcher["template"]["spec"]["containers"][0] |= limits
    made = mpi_job(1, launcher=launcher)
    data = new_config(made, ["a-worker-0"], Faults())["data"]
    assert data["hostfile"] == "a-launcher slots=1\na-worker-0 slots=1\n"
    assert data["discover_hosts.sh"] == "#!/bin/sh\necho a-launcher:1\n\necho a-worker-0:1"
    names = {one["name"] for one in new_launcher(made)["spec"]["containers"][0]["env"]}
    assert "NVIDIA_VISIBLE_DEVICES" not in names
    (plain,) = new_launcher(mpi_job())["spec"]["containers"]
    assert {"name": "NVIDIA_VISIBLE_DEVICES"} in plain["env"]


def test_workers_wait_unless_they_have_a_command() -> None:
    (container,) = new_worker(mpi_job(), 1)["spec"]["containers"]
    assert (container["command"], container["args"]) == (["sleep"], ["365d"])
    (rule,) = (one for one in new_role(mpi_job())["rules"] if one["resources"] == ["pods/exec"])
    assert rule["resourceNames"] == ["a-worker-0", "a-worker-1"]


@pytest.mark.parametrize(
    ("replicas", "message"),
    [
        (None, "MPIReplicaSpecs is not valid"),
        ({}, "MPIReplicaSpec is not valid: Master ReplicaSpec must be present"),
        (
            {"Boss": replica(name="x")},
            "MPIReplicaType is Boss but must be one of [Launcher Worker]",
        ),
        (
            {"Launcher": replica(2, name="x")},
            "MPIReplicaSpec is not valid: There must be only 1 launcher replica",
        ),
        (
            {"Launcher": {"template": {"spec": {"containers": []}}}},
            "MPIReplicaSpecs is not valid: containers definition expected in Launcher",
        ),
        (
            {"Launcher": {"template": {"spec": {"containers": [{"name": "x"}]}}}},
            "MPIReplicaSpec is not valid: Image is undefined in the container of Launcher",
        ),
        ({"Launcher": replica(name="x")}, ""),
    ],
)
def test_what_is_wrong_with_one(replicas: Any, message: str) -> None:
    assert refusal({"spec": {"mpiReplicaSpecs": replicas}}) == message


def test_the_launcher_decides() -> None:
    running = pod("Launcher", 0, "Running"), pod("Worker", 0, "Running")
    assert judged(MPI, mpi_job(), *running) == ({"Running": "MPIJob a is running."}, [])
    done = pod("Launcher", 0, "Succeeded"), pod("Worker", 0, "Failed")
    succeeded = {"Succeeded": "MPIJob a is successfully completed."}
    assert judged(MPI, mpi_job(), *done) == (succeeded, ["MPIJobSucceeded"])
    for kind in ("Launcher", "Worker"):
        failed = {"Failed": f"MPIJob a is failed because 1 {kind} replica(s) failed."}
        assert judged(MPI, mpi_job(), pod(kind, 0, "Failed")) == (failed, ["MPIJobFailed"])
    again = mpi_job(launcher=replica(name="mpi", restartPolicy="ExitCode"))
    assert judged(MPI, again, pod("Launcher", 0, "Failed"))[1] == ["MPIJobRestarting"]


def test_a_launcher_enters_its_workers(older: Training) -> None:
    container = {"name": "mpi", "image": "python:3.11"}
    launcher = {**container, "command": ["python", "-c", LAUNCHES]}
    replicas = {
        "Launcher": {"template": {"spec": {"containers": [launcher]}}},
        "Worker": {
            "replicas": 2,
            "template": {"spec": {"containers": [container], "terminationGracePeriodSeconds": 1}},
        },
    }
    spec = {"mpiReplicaSpecs": replicas, "cleanPodPolicy": "Running"}
    name = older.create("mpijobs", spec)
    eventually(lambda: "Succeeded" in older.conditions("mpijobs", name))
    log = older.core.read_namespaced_pod_log(
        f"{name}-launcher", older.namespace, _preload_content=False
    ).data.decode()
    hosts = [f"{name}-worker-0", f"{name}-worker-1"]
    entered = [f"{host} slots=1 {host} command terminated with exit code 7" for host in hosts]
    absent = '1 Error from server (Forbidden): pods "nobody" is forbidden: '
    *found, last = log.splitlines()
    assert found == entered
    assert last.startswith(absent), last

    def left() -> list[str]:
        selector = f"training.kubeflow.org/job-name={name}"
        pods = older.core.list_namespaced_pod(older.namespace, label_selector=selector).items
        return [one.metadata.name for one in pods]

    eventually(lambda: left() == [f"{name}-launcher"])
    assert older.get("mpijobs", name)["status"]["replicaStatuses"]["Launcher"] == {"succeeded": 1}


def test_what_is_wrong_is_told_in_an_event(older: Training) -> None:
    name = older.create("mpijobs", {"mpiReplicaSpecs": {}})
    why = "MPIReplicaSpec is not valid: Master ReplicaSpec must be present"
    found = ("MPIJobFailedValidation", f"MPIJob failed validation because {why}")
    eventually(lambda: found in older.events(name))
    assert "status" not in older.get("mpijobs", name)


def test_a_name_that_is_taken(older: Training) -> None:
    body = {"metadata": {"name": "taken-config"}}
    older.core.create_namespaced_config_map(older.namespace, body)
    container = {"name": "mpi", "image": "python:3.11", "command": ["true"]}
    launcher = {"Launcher": {"template": {"spec": {"containers": [container]}}}}
    name = older.create("mpijobs", {"mpiReplicaSpecs": launcher}, name="taken")
    words = 'Resource "taken-config" of MPIJobKind "ConfigMap" already exists and is not managed by'
    eventually(lambda: ("ErrResourceExists", f"{words} MPIJob") in older.events(name))
    older.core.delete_namespaced_config_map("taken-config", older.namespace)
    eventually(lambda: "Succeeded" in older.conditions("mpijobs", name))
