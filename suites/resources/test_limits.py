"""A task sees the limits that it was given, in the kernel's own figures."""

import json
import math

import pytest

from pytest_kubeflow import KubeflowConfig, PipelineRunner, parse_quantity

from .pipelines import limited

pytestmark = pytest.mark.kf_images("--kf-base-image")

PERIOD = 100_000  # microseconds: the kubelet's --cpu-cfs-quota-period


@pytest.mark.usefixtures("enforced")
@pytest.mark.parametrize(
    ("cpu", "memory"),
    [
        ("500m", "256Mi"),
        ("1", "300M"),
        ("0.25", "0.3Gi"),
        ("333m", "300000000"),
        ("1e-1", "3e8"),
        ("700m", "300000k"),
    ],
    ids=lambda value: value,
)
def test_limits_arrive(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig, cpu: str, memory: str
) -> None:
    """The cgroup of a task has the CPU and memory limits that the task was given."""
    image = kf_config.kubernetes.base_image
    run = run_pipeline(limited(image, "look"), arguments={"cpu": cpu, "memory": memory})
    seen = json.loads(run.task("measure").output)
    assert "problem" not in seen, seen["problem"]

    millis = math.ceil(parse_quantity(cpu) * 1000)
    assert seen["cpu"]["period"] == PERIOD
    here = f"the cgroup of task measure of run {run.name} has"
    quota, limit = seen["cpu"]["quota"], seen["memory"]["limit"]
    assert quota == millis * PERIOD // 1000, f"{here} a CPU quota of {quota}, {cpu} CPUs expected"
    # The kernel counts memory in pages.
    page = seen["page_size"]
    wanted = math.ceil(parse_quantity(memory)) // page * page
    assert limit == wanted, f"{here} {limit} bytes of memory, {wanted} ({memory}) expected"
    # Limits are no pinning: every CPU of the node may be used, for a part of its time.
    assert seen["affinity"] >= 1
    assert seen["cpu_count"] >= seen["affinity"]
