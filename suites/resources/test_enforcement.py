"""Limits are not only shown: who goes beyond them is held back or stopped."""

import json

import pytest

from pytest_kubeflow import KubeflowConfig, PipelineRunner, skip_for

from .pipelines import limited

PERIOD = 0.1
"""Seconds for which the kubelet gives a quota, unless it was told otherwise (cpuCFSQuotaPeriod)."""

pytestmark = pytest.mark.kf_images("--kf-base-image")


@pytest.mark.usefixtures("enforced")
def test_half_a_cpu_computes_half_the_time(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig
) -> None:
    """A task with a limit of half a CPU computes half of the time."""
    busy = limited(kf_config.kubernetes.base_image, "burn", "3")
    run = run_pipeline(busy, arguments={"cpu": "500m", "memory": "256Mi"})
    seen = json.loads(run.task("measure").output)
    message = f"the cgroup of task measure of run {run.name} has no limit of CPU, 500m expected"
    assert seen["quota"] is not None, message
    share = seen["cpu_seconds"] / seen["seconds"]
    throttled, periods = seen["throttled"], round(seen["seconds"] / PERIOD)
    if (share < 0.5 and throttled <= 5) or (share < 0.35 and throttled < periods / 2):
        skip_for(
            "idle-cpu",
            f"the node is too busy: a task got {share:.2f} CPUs, and was throttled in {throttled} "
            f"of {periods} periods only",
        )
    # A crowded node could show such a share too; only the limit counts throttled periods.
    assert throttled > 5
    assert share == pytest.approx(0.5, abs=0.15)


@pytest.mark.usefixtures("enforced")
def test_too_much_memory_ends_oomkilled(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig
) -> None:
    """A task that takes more memory than its limit is OOMKilled."""
    greedy = limited(kf_config.kubernetes.base_image, "fill", "600")
    ends = ("FAILED", "SUCCEEDED")
    run = run_pipeline(greedy, arguments={"cpu": "1", "memory": "256Mi"}, expect=ends)
    task = run.task("measure")
    message = (
        f"task measure of run {run.name} took 600 MiB with a limit of 256Mi, and is {task.state}"
    )
    assert task.state == "FAILED", message
    assert "OOMKilled" in str(run.evidence().render())
    log = task.log()
    assert "64 MiB taken" in log  # it did get its share
    assert "512 MiB taken" not in log


def test_enough_memory_ends_well(run_pipeline: PipelineRunner, kf_config: KubeflowConfig) -> None:
    """A task that takes less memory than its limit succeeds.

    The control: the same program with a limit that suffices.
    """
    modest = limited(kf_config.kubernetes.base_image, "fill", "64")
    run = run_pipeline(modest, arguments={"cpu": "1", "memory": "512Mi"})
    assert json.loads(run.task("measure").output) == {"taken": 64}
