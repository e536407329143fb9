"""Against the embedded training operator: results of all nodes, and what never ends."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.cluster import Cluster
from pytest_kubeflow.errors import KubeflowError
from pytest_kubeflow.training.creator import JobCreator
from pytest_kubeflow.training.errors import TrainingFailed

from .conftest import IMAGE, NAMESPACE


def tells_late() -> dict[str, str]:
    """The master is over long before its worker has said anything."""
    import os
    import time

    # A worker looks for its master's name first, which is there as long as the master is.
    time.sleep(3 if os.environ["RANK"] == "0" else 6)
    return {"rank": os.environ["RANK"]}


def job(kind: str, **replicas: Any) -> dict[str, Any]:
    """A manifest with these replicas."""
    field = f"{kind.removesuffix('Job').lower()}ReplicaSpecs"
    return {"apiVersion": "kubeflow.org/v1", "kind": kind, "spec": {field: replicas}}


def replica(name: str, *command: str, **fields: Any) -> dict[str, Any]:
    container = {"name": name, "image": IMAGE, "command": list(command or ("true",))}
    return {"template": {"spec": {"containers": [container]}}, **fields}


def hopeless(creator: JobCreator, manifest: dict[str, Any], **options: Any) -> str:
    """Why a job does not end."""
    with pytest.raises(TrainingFailed) as failed:
        creator(manifest, **options).wait()
    assert "\n" not in failed.value.message
    return failed.value.message


def test_a_worker_that_tells_later_than_the_master(operators: JobCreator) -> None:
    made = operators(tells_late, nodes=2).wait()
    assert made.results() == {"master-0": {"rank": "0"}, "worker-0": {"rank": "1"}}


def test_workers_of_an_mpi_job_are_not_waited_for(operators: JobCreator) -> None:
    made = operators(["echo", "[1]"], kind="MPIJob", nodes=1).wait()
    assert made.results() == {"launcher-0": [1], "worker-0": None}


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (
            job("MPIJob", Launcher=replica("mpi"), Boss=replica("mpi")),
            "MPIJob failed validation because MPIReplicaType is Boss but must be one of",
        ),
        (
            job("MPIJob", Launcher=replica("mpi", "false", restartPolicy="Always")),
            "times with exit code 1",
        ),
        (job("TFJob"), "nobody takes it up: it has no status, no pod and no event after 4 s"),
        (
            job("TFJob", Worker=replica("tensorflow", "false")),
            "TFJobFailed: TFJob kubeflow-user-example-com/",
        ),
        (
            job("PyTorchJob", Worker=replica("pytorch", "false", restartPolicy="ExitCode")),
            "PyTorchJobFailed: job ",
        ),
    ],
)
def test_what_never_ends(operators: JobCreator, manifest: dict[str, Any], message: str) -> None:
    assert message in hopeless(operators, manifest)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (job("TFJob", Worker=replica("main")), "at least one container with name tensorflow"),
        (
            job("PyTorchJob", Master=replica("pytorch", replicas=2)),
            "spec.pytorchReplicaSpecs[Master].replicas: Forbidden: must be 1",
        ),
        (
            job("PyTorchJob", Master=replica("pytorch", replicas=1), Boss=replica("pytorch")),
            'spec.pytorchReplicaSpecs[Boss]: Unsupported value: "Boss"',
        ),
        (job("MPIJob", Launcher=replica("mpi", replicas="two")), "replicas"),
    ],
)
def test_what_is_refused(operators: JobCreator, manifest: dict[str, Any], message: str) -> None:
    with pytest.raises(KubeflowError) as failed:
        operators(manifest)
    assert message in failed.value.message


def test_a_config_map_that_is_somebody_elses(operators: JobCreator, older: Cluster) -> None:
    core = older.kubernetes.core
    core.create_namespaced_config_map(NAMESPACE, {"metadata": {"name": "theirs-config"}})
    try:
        found = hopeless(operators, job("MPIJob", Launcher=replica("mpi")), name="theirs")
        assert 'Resource "theirs-config" of MPIJobKind "ConfigMap" already exists' in found
    finally:
        core.delete_namespaced_config_map("theirs-config", NAMESPACE)
