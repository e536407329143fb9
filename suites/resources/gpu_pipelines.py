"""Pipelines whose tasks ask for GPUs, or for none, and tell what `nvidia-smi` shows them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfp import dsl, kubernetes

from pytest_kubeflow import GpuSettings

from .nvidia_smi import CUDA, SCRIPT

Pipeline = Callable[..., Any]


@dataclass(frozen=True)
class GpuTask:
    """What a task asks for: `count` of `resource` on a node with the labels `selector`."""

    count: int
    selector: Mapping[str, str] = field(default_factory=dict)
    resource: str = "nvidia.com/gpu"
    seconds: int = 0
    """How long it holds them, after it has looked."""


def look_at_gpus(settings: GpuSettings, *tasks: GpuTask) -> Pipeline:
    """A pipeline of independent tasks called `look-1`, `look-2`, ..."""

    @dsl.container_component
    def look(seconds: int, seen: dsl.OutputPath(str)):  # type: ignore[no-untyped-def, valid-type]
        return dsl.ContainerSpec(
            image=settings.image,
            command=["sh", "-c", SCRIPT, "look"],
            args=[seconds, CUDA, seen],
        )

    @dsl.pipeline(name="look-at-gpus")
    def pipeline() -> None:
        for number, wanted in enumerate(tasks, 1):
            task = look(seconds=wanted.seconds).set_display_name(f"look-{number}")
            if wanted.count:
                task.set_accelerator_type(wanted.resource).set_accelerator_limit(wanted.count)
            for key, value in wanted.selector.items():
                kubernetes.add_node_selector(task, key, value)
            for one in settings.tolerations:
                kubernetes.add_toleration(
                    task,
                    key=one.key,
                    operator="Equal" if one.value else "Exists",
                    value=one.value or None,
                    effect=one.effect or None,
                )

    whole: Pipeline = pipeline
    return whole
