"""Tasks get the GPUs that they ask for: so many, of that product, and nobody else's."""

import pytest

from pytest_kubeflow import (
    Inventory,
    KubeflowConfig,
    KubernetesClient,
    NodeFacts,
    PipelineRun,
    PipelineRunner,
    read_inventory,
    skip_for,
)

from .gpu_pipelines import GpuTask, look_at_gpus
from .nvidia_smi import CUDA_SUM, GpuReport, parse

pytestmark = [pytest.mark.kf_requires("gpu"), pytest.mark.kf_images("--kf-gpu-image")]

GPU = "nvidia.com/gpu"
HOST = "kubernetes.io/hostname"
PRODUCT = "nvidia.com/gpu.product"


def seen_by(run: PipelineRun, task: str) -> GpuReport:
    """What a task saw; fails with its one sentence where nvidia-smi did not work."""
    seen = parse(run.task(task).output)
    if seen.problem:
        pytest.fail(seen.problem, pytrace=False)
    return seen


def node_with(inventory: Inventory, count: int) -> NodeFacts:
    """A node with so many free GPUs; skips where there is none, with who holds them."""
    nodes = inventory.with_accelerator(GPU)
    for node in nodes:
        if inventory.free(node, GPU) >= count:
            return node
    if all(node.accelerators[GPU] < count for node in nodes):
        skip_for("gpu", f"no node has {count} x {GPU}: {inventory.describe()}")
    holders = ", ".join(str(one) for one in inventory.holders)
    skip_for("gpu", f"no node has {count} x {GPU} free: {holders}")


def selector(node: NodeFacts) -> dict[str, str]:
    """The product if a label tells it, else the very node."""
    return {PRODUCT: node.product} if PRODUCT in node.labels else {HOST: node.labels[HOST]}


@pytest.fixture
def inventory(kf_kubernetes: KubernetesClient) -> Inventory:
    """The nodes, and who holds their GPUs now."""
    return read_inventory(kf_kubernetes)


@pytest.mark.parametrize("count", [1, 2])
def test_count_and_product(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig, inventory: Inventory, count: int
) -> None:
    """A task sees as many GPUs as it asked for, of the node's product."""
    node = node_with(inventory, count)
    wanted = GpuTask(count, selector(node))
    run = run_pipeline(look_at_gpus(kf_config.gpu, wanted))
    seen = seen_by(run, "look-1")
    message = f"task look-1 of run {run.name} asked for {count} GPUs and sees {seen.uuids}"
    assert len(seen.uuids) == count, message
    assert len(set(seen.uuids)) == count, message
    for gpu in seen.gpus:
        assert gpu.driver
        # Labels of shared and split GPUs go on: "NVIDIA-A100-SXM4-40GB-SHARED".
        assert node.product.startswith(gpu.product) or PRODUCT not in node.labels


def test_side_by_side(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig, inventory: Inventory
) -> None:
    """Two tasks at the same time have different GPUs."""
    node = node_with(inventory, 2)
    wanted = GpuTask(1, {HOST: node.labels[HOST]}, seconds=10)
    run = run_pipeline(look_at_gpus(kf_config.gpu, wanted, wanted))
    first, second = seen_by(run, "look-1"), seen_by(run, "look-2")
    if not first.overlaps(second):
        skip_for(
            "gpu", f"the tasks did not run at the same time, though {node.name} has GPUs for both"
        )
    assert len(first.uuids) == len(second.uuids) == 1
    message = f"two tasks of run {run.name} have the same GPU at the same time: {first.uuids}"
    assert first.uuids != second.uuids, message


def test_who_asks_for_none_sees_none(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig, inventory: Inventory
) -> None:
    """A task that asks for no GPU sees none.

    On a node with GPUs, beside a task that asked for one and sees it.
    """
    node = node_with(inventory, 1)
    here = {HOST: node.labels[HOST]}
    run = run_pipeline(look_at_gpus(kf_config.gpu, GpuTask(1, here), GpuTask(0, here)))
    assert len(seen_by(run, "look-1").uuids) == 1
    # Without a GPU there need not even be a nvidia-smi, or it may complain.
    seen = parse(run.task("look-2").output).uuids
    assert seen == [], f"task look-2 of run {run.name} asked for no GPU and sees {seen}"


def test_computation(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig, inventory: Inventory
) -> None:
    """A GPU multiplies a matrix, and the result is right.

    A matrix is multiplied on the GPU, where the image has PyTorch or CuPy.
    """
    node = node_with(inventory, 1)
    run = run_pipeline(look_at_gpus(kf_config.gpu, GpuTask(1, selector(node))))
    said = seen_by(run, "look-1").cuda
    if not said or "No module named" in said:
        skip_for(
            "gpu-library", f"{kf_config.gpu.image} has neither PyTorch nor CuPy (--kf-gpu-image)"
        )
    library, _, total = said.splitlines()[-1].partition(" ")
    assert library in {"torch", "cupy"}, said
    assert float(total) == CUDA_SUM


def test_every_node(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig, inventory: Inventory
) -> None:
    """Each node with GPUs gives all that are free (--kf-gpu-all-nodes).

    Each node with GPUs gives one and all of them (--kf-gpu-all-nodes).
    """
    if not kf_config.gpu.all_nodes:
        skip_for("not-asked", "checked node by node only with --kf-gpu-all-nodes")
    problems = []
    for node in inventory.with_accelerator(GPU):
        count = inventory.free(node, GPU)
        if not count:
            held = ", ".join(str(one) for one in inventory.holders if one.node == node.name)
            problems.append(f"{node.name}: not checked, {held}")
            continue
        wanted = GpuTask(count, {HOST: node.labels[HOST]})
        run = run_pipeline(look_at_gpus(kf_config.gpu, wanted))
        seen = parse(run.task("look-1").output)
        if seen.problem or len(set(seen.uuids)) != count:
            message = seen.problem or f"{len(set(seen.uuids))} GPUs seen"
            problems.append(
                f"{node.name}: task look-1 of run {run.name} asked for {count}, {message}"
            )
    assert not problems, "; ".join(problems)
