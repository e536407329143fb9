"""The jobs of the training operator, where a cluster still has it."""

import pytest

from pytest_kubeflow import JobCreator, TrainingJob, skip_for

from . import programs, ring
from .conftest import NODES
from .test_all_reduce import sums

pytestmark = [pytest.mark.kf_requires("training"), pytest.mark.kf_images("--kf-base-image")]


def check(made: TrainingJob, hosts: list[str], seed: int) -> None:
    """Each rank was there once, on its host, and has the sum of all."""
    found = made.wait().results()
    silent = [name for name, one in found.items() if one is None]
    assert not silent, f"{made} is over, and nothing was returned by {', '.join(silent)}"
    ranks = {name: (one["rank"], one["world"], one["host"]) for name, one in found.items()}
    assert list(ranks.values()) == [(rank, NODES, host) for rank, host in enumerate(hosts)], (
        f"ranks, worlds and hosts of {made}: {ranks}"
    )
    for name, one in found.items():
        assert [member["host"] for member in one["members"]] == hosts, f"{name} of {made}: {one}"
        assert one["sum"] == sums(seed), f"{name} of {made} has {one['sum']}: not the sum of all"


def skip_unless(create: JobCreator, kind: str) -> None:
    """Skip where the operator has no jobs of this kind."""
    if not create.serves(kind):
        skip_for("training-operator", f"the Kubernetes API serves no {kind}s of kubeflow.org")


def test_a_pytorch_job_adds_up(pytorch_job: JobCreator, image: str, token: str, seed: int) -> None:
    """The replicas of a PyTorchJob find each other and compute the right sum."""
    made = pytorch_job(
        programs.all_reduce,
        nodes=NODES,
        image=image,
        arguments={"token": f"{token}-pytorch", "seed": seed},
        helpers=(ring,),
    )
    check(made, [f"{made.name}-master-0", f"{made.name}-worker-0"], seed)
    counts = made.state.replicas
    assert (counts["Master"].succeeded, counts["Worker"].succeeded) == (1, 1), counts


def test_a_pytorch_job_with_a_bad_worker_fails(pytorch_job: JobCreator, image: str) -> None:
    """A PyTorchJob whose worker fails is Failed."""
    made = pytorch_job(programs.waits_in_vain, nodes=NODES, image=image)
    made.wait(ended="Failed")
    assert "rank 1 gives up" in made.logs("worker-0")


def test_a_tf_job_adds_up(pytorch_job: JobCreator, image: str, token: str, seed: int) -> None:
    """The replicas of a TFJob find each other and compute the right sum."""
    skip_unless(pytorch_job, "TFJob")
    made = pytorch_job(
        programs.all_reduce,
        kind="TFJob",
        nodes=NODES,
        image=image,
        arguments={"token": f"{token}-tf", "seed": seed},
        helpers=(ring,),
    )
    check(made, [f"{made.name}-worker-{rank}" for rank in range(NODES)], seed)


def test_the_launcher_of_an_mpi_job_reaches_its_workers(
    pytorch_job: JobCreator, image: str
) -> None:
    """The launcher of an MPIJob runs a program on each of its workers.

    By the way by which mpirun starts its processes: a program of the launcher's runs in each.
    """
    skip_unless(pytorch_job, "MPIJob")
    made = pytorch_job(programs.reaches_workers, kind="MPIJob", nodes=NODES, image=image)
    hosts = [f"{made.name}-worker-{rank}" for rank in range(NODES)]
    message = made.wait().results()["launcher-0"]
    assert message == {"listed": hosts, "answered": hosts}, f"{made}: {message}"
