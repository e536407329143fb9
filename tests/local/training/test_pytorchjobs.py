"""PyTorchJobs of the older Training Operator, which is there where it was asked for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from kubernetes.client import ApiException

from tests.local.training.conftest import OPERATOR, Training
from tests.local.webapps.conftest import eventually

# The master waits for all workers, and tells each how many there are.
TALK = """
import json, os, socket, time
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
place = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
if rank == 0:
    server = socket.create_server((socket.gethostbyname(socket.gethostname()), place[1]))
    met = [server.accept()[0] for _ in range(world - 1)]
    for one in met:
        one.sendall(b"%d" % world)
    print(json.dumps([rank, world]))
else:
    while True:
        try:
            connection = socket.create_connection(place, 5)
            break
        except OSError:
            time.sleep(0.02)
    connection.settimeout(None)
    print(json.dumps([rank, int(connection.recv(9))]))
"""


def replica(script: str = "pass", number: int = 1, **fields: Any) -> dict[str, Any]:
    container = {"name": "pytorch", "image": "python:3.11", "command": ["python", "-c", script]}
    return {"replicas": number, "template": {"spec": {"containers": [container]}}, **fields}


def create(training: Training, *, policy: dict[str, Any] | None = None, **replicas: Any) -> str:
    spec = {"pytorchReplicaSpecs": replicas, "runPolicy": policy or {}}
    return training.create("pytorchjobs", spec)


def ended(training: Training, name: str) -> dict[str, str]:
    eventually(lambda: bool({"Succeeded", "Failed"} & {*training.conditions("pytorchjobs", name)}))
    return training.conditions("pytorchjobs", name)


def test_master_and_workers_talk(older: Training) -> None:
    name = create(older, Master=replica(TALK), Worker=replica(TALK, 2))
    found = ended(older, name)
    assert found == {"Created": "PyTorchJobCreated", "Succeeded": "PyTorchJobSucceeded"}

    def said() -> list[Any]:
        pods = [f"{name}-master-0", f"{name}-worker-0", f"{name}-worker-1"]
        texts = [
            older.core.read_namespaced_pod_log(
                one, older.namespace, container="pytorch", _preload_content=False
            ).data.decode()
            for one in pods
        ]
        return [json.loads(one) for one in texts if one.strip()]

    eventually(lambda: len(said()) == 3)
    assert said() == [[0, 3], [1, 3], [2, 3]]
    assert ("SuccessfulCreatePod", f"Created pod: {name}-worker-1") in older.events(name)


def test_a_master_that_fails(older: Training) -> None:
    name = create(older, Master=replica("raise SystemExit(3)", restartPolicy="Never"))
    assert ended(older, name)["Failed"] == "PyTorchJobFailed"
    found = dict(older.events(name))
    assert found["ExitedWithCode"].endswith(f".{name}-master-0 exited with code 3")
    assert found["PyTorchJobFailed"] == (
        f"PyTorchJob {name} is failed because 1 Master replica(s) failed."
    )


def test_pods_are_cleaned_up(older: Training) -> None:
    name = create(older, policy={"cleanPodPolicy": "All"}, Master=replica())
    assert "Succeeded" in ended(older, name)
    selector = f"training.kubeflow.org/job-name={name}"

    def left() -> bool:
        pods = older.core.list_namespaced_pod(older.namespace, label_selector=selector).items
        services = older.core.list_namespaced_service(older.namespace, label_selector=selector)
        return bool(pods or services.items)

    eventually(lambda: not left())


def test_suspended_it_waits(older: Training) -> None:
    name = create(older, policy={"suspend": True}, Master=replica())
    eventually(lambda: "Suspended" in older.conditions("pytorchjobs", name))
    older.patch("pytorchjobs", name, runPolicy={"suspend": False})
    assert "Succeeded" in ended(older, name)


def test_a_container_of_another_name(older: Training) -> None:
    made = replica()
    made["template"]["spec"]["containers"][0]["name"] = "main"
    with pytest.raises(ApiException, match="must have at least one container with name pytorch"):
        create(older, Master=made)


def test_without_the_operator_there_are_none(training: Training) -> None:
    group, version = OPERATOR
    with pytest.raises(ApiException) as found:
        training.custom.list_namespaced_custom_object(
            group, version, training.namespace, "pytorchjobs"
        )
    assert found.value.status == 404
