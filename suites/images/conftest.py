"""What the tests of images share: what a component tells of the image that it is in."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import pytest

from pytest_kubeflow import (
    Deadline,
    KubeflowConfig,
    KubernetesClient,
    OwnImage,
    PipelineRun,
    PipelineRunner,
    RanImage,
    ran_images,
    wait_until,
    why_not_pulled,
)

LASTING = 30.0
"""Seconds for which an image may not be pulled: a registry may be busy for a moment."""

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
"""What images call the machines that the kernel names."""


@dataclass(frozen=True)
class Facts:
    """What a component saw: the machine, its user, what is in the mark, which imports fail."""

    architecture: str = ""
    user: str = ""
    content: str = ""
    imports: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, run: PipelineRun) -> "Facts":
        """As `looking` writes them."""
        lines = [line.partition(" ") for line in run.task("look").output.splitlines()]
        plain = {key: value for key, _, value in lines}
        imports = dict(value.partition(" ")[::2] for key, _, value in lines if key == "import")
        machine = plain["machine"]
        return cls(
            ARCHITECTURES.get(machine, machine), plain["user"], plain.get("content", ""), imports
        )


class Ran(Protocol):
    """Which image a run's component was."""

    def __call__(self, run: PipelineRun, image: str) -> RanImage:
        """Of the container that asks for `image`."""


@pytest.fixture
def ran(kf_kubernetes: KubernetesClient, kf_namespace: str) -> Ran:
    """Asks the node that it ran on."""

    def of(run: PipelineRun, image: str) -> RanImage:
        (found,) = ran_images(kf_kubernetes, kf_namespace, run.run_id, image)
        return found

    return of


class RunIn(Protocol):
    """Runs a pipeline whose component is in an image of one's own."""

    def __call__(
        self, image: OwnImage, pipeline: Callable[..., Any], **arguments: object
    ) -> PipelineRun:
        """The run, which has succeeded. Fails by one sentence where the image is not pulled."""


@pytest.fixture
def run_in(run_pipeline: PipelineRunner, kf_config: KubeflowConfig) -> RunIn:
    """Waits for the run, or until it is clear that its image will not come."""
    lasting = min(LASTING, kf_config.session.timeout / 2)

    def run_it(image: OwnImage, pipeline: Callable[..., Any], **arguments: object) -> PipelineRun:
        run = run_pipeline(pipeline, arguments=arguments, wait=False)
        seen: list[float] = []

        def held_up() -> str:
            message = "" if run.ended else run.pending_reason
            if not message:
                seen.clear()
                return ""
            seen.append(time.monotonic())
            return message if seen[-1] - seen[0] >= lasting else ""

        told = wait_until(
            held_up,
            lambda told: bool(told) or run.ended,
            deadline=Deadline.after(kf_config.session.timeout),
            what=f"run {run.name} in {image} to end",
        )
        assert not told, why_not_pulled(image.name, told)
        return run.wait()

    return run_it
