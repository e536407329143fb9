"""The same with PyTorch's own collectives, in the image that the runtime has."""

import pytest

from pytest_kubeflow import JobCreator, KubernetesClient, cluster_runtime, skip_for

from . import programs
from .conftest import NODES

pytestmark = pytest.mark.kf_requires("training")

RUNTIME = "torch-distributed"


def test_gloo_adds_up_what_ranks_have(
    train_job: JobCreator, kf_kubernetes: KubernetesClient
) -> None:
    """PyTorch's all_reduce by Gloo gives the right sum on each rank."""
    runtime = cluster_runtime(kf_kubernetes, RUNTIME)
    made = train_job(
        programs.torch_all_reduce,
        nodes=NODES,
        runtime=runtime.name,
        processes=1,
        env={"OMP_NUM_THREADS": "1"},
        limits={"cpu": "1", "memory": "2Gi"},
    )
    found = made.wait().results()
    missing = {one["missing"] for one in found.values() if "missing" in one}
    if missing:
        skip_for(
            "torch",
            f"the image {runtime.image} of the runtime {runtime.name} has no PyTorch: "
            f"{', '.join(sorted(missing))}",
        )
    hosts = [node.host for node in made.nodes]
    for rank, (name, one) in enumerate(found.items()):
        assert (one["rank"], one["world"]) == (rank, NODES), f"{name} of {made}: {one}"
        assert one["hosts"] == hosts, f"{name} of {made} has heard from {one['hosts']}"
        assert one["sum"] == NODES * (NODES + 1) / 2, f"{name} of {made}: {one}"
