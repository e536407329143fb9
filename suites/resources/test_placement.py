"""What no node can give stays Pending, and the scheduler's reason is told."""

import pytest

from pytest_kubeflow import Deadline, KubeflowConfig, PipelineRunner, wait_until

from .pipelines import requesting

pytestmark = pytest.mark.kf_images("--kf-base-image")


@pytest.mark.parametrize(("resource", "amount"), [("cpu", "9999"), ("memory", "9999Ti")])
def test_request_that_no_node_meets(
    run_pipeline: PipelineRunner, kf_config: KubeflowConfig, resource: str, amount: str
) -> None:
    """A task that asks for more than any node has stays Pending, with the scheduler's reason."""
    pipeline = requesting(kf_config.kubernetes.base_image, resource, amount)
    run = run_pipeline(pipeline, wait=False)

    def is_told(text: str) -> bool:
        assert not run.ended, f"no node has {amount} of {resource}, yet the run is {run.state}"
        return f"Insufficient {resource}" in text

    found = wait_until(
        lambda: run.evidence().render(),
        is_told,
        deadline=Deadline.after(min(120.0, kf_config.session.timeout)),
        what=f"the scheduler to say why {amount} of {resource} cannot be had",
    )
    assert "nodes are available" in found
    run.terminate()
    run.wait(expect="CANCELED")
