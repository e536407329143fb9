"""An embedded cluster in which TrainJobs and JobSets are made by hand, as custom resources."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from pytest_kubeflow.local.cluster import Endpoints, LocalKubeflow
from tests.local.webapps.conftest import eventually

TRAINER, JOBSET = ("trainer.kubeflow.org", "v1alpha1"), ("jobset.x-k8s.io", "v1alpha2")
OPERATOR = ("kubeflow.org", "v1")
PLURALS = {
    "pytorchjobs": ("PyTorchJob", OPERATOR),
    "tfjobs": ("TFJob", OPERATOR),
    "mpijobs": ("MPIJob", OPERATOR),
    "trainjobs": ("TrainJob", TRAINER),
    "trainingruntimes": ("TrainingRuntime", TRAINER),
    "jobsets": ("JobSet", JOBSET),
}
TORCH = {"name": "torch-distributed"}
FAULTS = ("embedded-faults", "kube-system")

# Sums rank + 1 over all nodes by sockets, and prints what each of them knows, as JSON.
ALL_REDUCE = """
import json, os, socket, time
rank, world = int(os.environ["PET_NODE_RANK"]), int(os.environ["PET_NNODES"])
place = os.environ["PET_MASTER_ADDR"], int(os.environ["PET_MASTER_PORT"])
mine = {"rank": rank, "host": socket.gethostname(), "value": rank + 1}
if rank == 0:
    server = socket.create_server((socket.gethostbyname(socket.gethostname()), place[1]))
    files = [server.accept()[0].makefile("rw") for _ in range(world - 1)]
    every = [mine, *(json.loads(one.readline()) for one in files)]
    for one in files:
        print(json.dumps(every), file=one, flush=True)
else:
    while True:
        try:
            connection = socket.create_connection(place, 5)
            break
        except OSError:
            time.sleep(0.02)
    connection.settimeout(None)  # the last of them may take long to come
    file = connection.makefile("rw")
    print(json.dumps(mine), file=file, flush=True)
    every = json.loads(file.readline())
print(json.dumps({**mine, "world": world, "every": every}))
"""

Fault = Callable[[str], AbstractContextManager[None]]


def trainer(script: str = "pass", **fields: Any) -> dict[str, Any]:
    """The trainer of a TrainJob, which runs a Python script."""
    return {"image": "python:3.11", "command": ["python", "-c", script], **fields}


def pod(script: str = "pass", **spec: Any) -> dict[str, Any]:
    """The template of a Job whose pods run a Python script."""
    container = {"name": "node", "image": "python:3.11", "command": ["python", "-c", script]}
    return {"template": {"spec": {"containers": [container], **spec}}}


def replicated(name: str = "node", script: str = "pass", **fields: Any) -> dict[str, Any]:
    """A replicated Job of a JobSet; fields of its Job's spec are in `job`."""
    job = {**pod(script), **fields.pop("job", {})}
    return {"name": name, "template": {"spec": job}, **fields}


def failing() -> dict[str, Any]:
    """A replicated Job that fails at once."""
    job = {"backoffLimit": 0, **pod("raise SystemExit(3)", restartPolicy="Never")}
    return {"name": "node", "template": {"spec": job}}


@dataclass
class Training:
    """A namespace's TrainJobs and JobSets, by the Kubernetes API."""

    core: Any
    batch: Any
    custom: Any
    rights: Any
    namespace: str
    names: Iterator[int] = field(default_factory=itertools.count)

    def create(self, plural: str, spec: dict[str, Any], *, name: str = "") -> str:
        """Make one; returns its name."""
        kind, (group, version) = PLURALS[plural]
        name = name or f"t{next(self.names)}"
        body = {
            "apiVersion": f"{group}/{version}",
            "kind": kind,
            "metadata": {"name": name},
            "spec": spec,
        }
        self.custom.create_namespaced_custom_object(group, version, self.namespace, plural, body)
        return name

    def train(self, script: str = "pass", *, nodes: int = 1, **spec: Any) -> str:
        """Make a TrainJob of torch-distributed, or of what `spec` says; returns its name."""
        fields = {"runtimeRef": TORCH, "trainer": trainer(script, numNodes=nodes), **spec}
        return self.create("trainjobs", fields)

    def get(self, plural: str, name: str) -> dict[str, Any]:
        _, (group, version) = PLURALS[plural]
        found: dict[str, Any] = self.custom.get_namespaced_custom_object(
            group, version, self.namespace, plural, name
        )
        return found

    def patch(self, plural: str, name: str, **spec: Any) -> None:
        _, (group, version) = PLURALS[plural]
        self.custom.patch_namespaced_custom_object(
            group, version, self.namespace, plural, name, {"spec": spec}
        )

    def delete(self, plural: str, name: str) -> None:
        _, (group, version) = PLURALS[plural]
        self.custom.delete_namespaced_custom_object(group, version, self.namespace, plural, name)

    def conditions(self, plural: str, name: str) -> dict[str, str]:
        """Reasons of those that hold, by their types; none where there is no such object yet."""
        _, (group, version) = PLURALS[plural]
        items = self.custom.list_namespaced_custom_object(
            group, version, self.namespace, plural, field_selector=f"metadata.name={name}"
        )["items"]
        found = (items[0].get("status") or {}).get("conditions") or [] if items else []
        return {one["type"]: one["reason"] for one in found if one["status"] == "True"}

    def ended(self, name: str, plural: str = "trainjobs") -> dict[str, str]:
        """Wait until it has; the conditions that hold."""
        ends = {"Complete", "Completed", "Failed"}
        eventually(lambda: bool(ends & {*self.conditions(plural, name)}))
        return self.conditions(plural, name)

    def pods(self, name: str) -> list[Any]:
        """Those of a JobSet, in the order of their names."""
        selector = f"jobset.sigs.k8s.io/jobset-name={name}"
        found = self.core.list_namespaced_pod(self.namespace, label_selector=selector).items
        return sorted(found, key=lambda one: one.metadata.name)

    def said(self, name: str) -> list[Any]:
        """The last line of each pod, which is JSON."""
        found = []
        for one in self.pods(name):
            text = self.core.read_namespaced_pod_log(
                one.metadata.name, self.namespace, _preload_content=False
            )
            found.append(json.loads(text.data.decode().splitlines()[-1]))
        return found

    def events(self, name: str) -> list[tuple[str, str]]:
        """Reason and message of each event about objects of this name."""
        selector = f"involvedObject.name={name}"
        found = self.core.list_namespaced_event(self.namespace, field_selector=selector).items
        return [(one.reason, one.message) for one in found]


@contextmanager
def training_of(endpoints: Endpoints) -> Iterator[Training]:
    from kubernetes import client, config

    api = config.new_client_from_config(str(endpoints.kubeconfig))
    yield Training(
        client.CoreV1Api(api),
        client.BatchV1Api(api),
        client.CustomObjectsApi(api),
        client.AuthorizationV1Api(api),
        endpoints.namespace,
    )
    api.close()


@pytest.fixture(scope="package")
def training() -> Iterator[Training]:
    with LocalKubeflow() as running, training_of(running.endpoints) as found:
        yield found


@pytest.fixture(scope="package")
def older() -> Iterator[Training]:
    """With Trainer 2.1 and the Training Operator, in pods that share the machine's network."""
    cluster = LocalKubeflow(trainer="2.1", training_operator=True, pod_network="shared")
    with cluster as running, training_of(running.endpoints) as found:
        yield found


@pytest.fixture
def fault(training: Training) -> Fault:
    """Switches a fault on meanwhile."""

    @contextmanager
    def on(name: str) -> Iterator[None]:
        def in_effect() -> bool:
            found = training.core.read_namespaced_config_map(*FAULTS).metadata.annotations or {}
            return name in found.get("kubeflow.local/in-effect", "").split(",")

        body = {"metadata": {"name": FAULTS[0]}, "data": {name: "on"}}
        training.core.create_namespaced_config_map(FAULTS[1], body)
        try:
            eventually(in_effect)
            yield
        finally:
            training.core.delete_namespaced_config_map(*FAULTS)

    return on
