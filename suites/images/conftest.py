"""What the tests of images share: what a component tells of the image that it is in."""

from dataclasses import dataclass, field
from typing import Protocol

import pytest

from pytest_kubeflow import KubernetesClient, PipelineRun, RanImage, ran_images

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
