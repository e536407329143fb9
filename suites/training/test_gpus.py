"""GPUs: each rank has one, and none has another's."""

import pytest

from pytest_kubeflow import Inventory, JobCreator, KubeflowConfig, skip_for

from . import programs, ring

pytestmark = [
    pytest.mark.kf_requires("training"),
    pytest.mark.kf_requires("gpu"),
    pytest.mark.kf_images("--kf-base-image"),
]

GPU = "nvidia.com/gpu"


def test_each_rank_has_a_gpu_of_its_own(
    train_job: JobCreator, kf_config: KubeflowConfig, kf_inventory: Inventory, token: str
) -> None:
    """Each rank has one GPU, and no two have the same."""
    free = sum(kf_inventory.free(one, GPU) for one in kf_inventory.with_accelerator(GPU))
    if free < 2:
        holders = ", ".join(map(str, kf_inventory.holders)) or "nobody"
        skip_for("gpu", f"{free} x {GPU} are free, and two ranks need two; held by {holders}")
    made = train_job(
        programs.gpus,
        nodes=2,
        image=kf_config.kubernetes.base_image,
        arguments={"token": f"{token}-gpus"},
        helpers=(ring,),
        requests={"cpu": "100m", "memory": "128Mi", GPU: "1"},
        limits={"cpu": "1", "memory": "512Mi", GPU: "1"},
    )
    found = made.wait().results()
    for name, one in found.items():
        assert len(one["own"]) == 1, f"{name} of {made} asked for one GPU, and sees {one['own']}"
        seen = [gpu for own in one["all"] for gpu in own]
        assert len(set(seen)) == 2, f"ranks of {made} share GPUs: {one['all']}"
