"""Pipelines of one task that runs `inside.py` in a plain Python image, with limits by argument."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kfp import dsl

SOURCE = (Path(__file__).parent / "inside.py").read_text()

Pipeline = Callable[..., Any]


def inside(image: str, *arguments: str) -> Pipeline:
    """A component that runs `inside.py` with `arguments` and returns what it writes."""

    @dsl.container_component
    def measure(facts: dsl.OutputPath(str)):  # type: ignore[no-untyped-def, valid-type]
        return dsl.ContainerSpec(
            image=image, command=["python3", "-c", SOURCE], args=[*arguments, facts]
        )

    component: Pipeline = measure
    return component


def limited(image: str, *arguments: str) -> Pipeline:
    """A pipeline whose task has the limits that its arguments `cpu` and `memory` name."""
    component = inside(image, *arguments)

    @dsl.pipeline(name=f"limited-{arguments[0]}")
    def pipeline(cpu: str, memory: str) -> str:
        task = component().set_display_name("measure")
        task.set_cpu_limit(cpu).set_memory_limit(memory)
        return task.outputs["facts"]

    whole: Pipeline = pipeline
    return whole


def requesting(image: str, resource: str, amount: str) -> Pipeline:
    """A pipeline whose task requests `amount` of `cpu` or `memory`."""
    component = inside(image, "look")

    @dsl.pipeline(name=f"requesting-{resource}")
    def pipeline() -> str:
        task = component().set_display_name("measure")
        if resource == "cpu":
            task.set_cpu_request(amount)
        else:
            task.set_memory_request(amount)
        return task.outputs["facts"]

    whole: Pipeline = pipeline
    return whole
