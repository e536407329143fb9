"""What the tests of Workflows share: Workflows, begun before the first test, side by side.

What goes wrong when one is made is the matter of the tests that need it.
"""

from pathlib import Path
from typing import Any, Protocol

import pytest
import yaml

from pytest_kubeflow import (
    KubeflowConfig,
    Volume,
    VolumeFactory,
    Workflow,
    WorkflowCreator,
    begin,
)

BEGUN = ("retrying", "steps", "flow", "stored", "failing", "repeating")
"""The Workflows in the order in which they are begun: the longest first."""

HERE = Path(__file__).parent
IMAGE = "python:3.11"


class Manifests(Protocol):
    """Reads a manifest beside this file, with the image that --kf-base-image names."""

    def __call__(self, name: str) -> dict[str, Any]:
        """That of `NAME.yaml`."""


@pytest.fixture(scope="session")
def manifests(kf_config: KubeflowConfig) -> Manifests:
    """The manifests of these tests."""

    def read(name: str) -> dict[str, Any]:
        text = (HERE / f"{name}.yaml").read_text()
        found: dict[str, Any] = yaml.safe_load(
            text.replace(f"image: {IMAGE}", f"image: {kf_config.kubernetes.base_image}")
        )
        return found

    return read


@pytest.fixture(scope="session", autouse=True)
def _begun(request: pytest.FixtureRequest) -> None:
    """Begin those that the selected tests need."""
    begin(request, BEGUN)


@pytest.fixture(scope="session")
def workdir(shared_seeded_pvc: VolumeFactory) -> Volume:
    """An empty claim."""
    return shared_seeded_pvc()


@pytest.fixture(scope="session")
def repeating(
    shared_run_workflow: WorkflowCreator, manifests: Manifests, workdir: Volume
) -> Workflow:
    """A line is repeated into a file on the claim, and the file printed."""
    return shared_run_workflow(manifests("repeat-line"), arguments={"claim": workdir.name})


@pytest.fixture(scope="session")
def flow(shared_run_workflow: WorkflowCreator, manifests: Manifests) -> Workflow:
    """A DAG with loops and conditions."""
    return shared_run_workflow(manifests("flow"))


@pytest.fixture(scope="session")
def steps(shared_run_workflow: WorkflowCreator, manifests: Manifests) -> Workflow:
    """Three groups of steps, each of them taking a second."""
    return shared_run_workflow(manifests("steps"))


@pytest.fixture(scope="session")
def failing(shared_run_workflow: WorkflowCreator, manifests: Manifests) -> Workflow:
    """A DAG with a task that fails."""
    return shared_run_workflow(manifests("failing"))


@pytest.fixture(scope="session")
def retrying(shared_run_workflow: WorkflowCreator, manifests: Manifests) -> Workflow:
    """A step whose third attempt succeeds."""
    return shared_run_workflow(manifests("retrying"))


@pytest.fixture(scope="session")
def stored(shared_run_workflow: WorkflowCreator, manifests: Manifests) -> Workflow:
    """Artifacts of one task that the next one reads."""
    return shared_run_workflow(manifests("artifacts"))
