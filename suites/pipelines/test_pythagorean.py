"""A pipeline of four tasks, two of them side by side, computes the right numbers."""

import pytest

from pytest_kubeflow import PipelineRun

from .pythagorean import pythagorean


@pytest.mark.kf_pipeline(pythagorean, arguments={"a": 3.0, "b": 4.0})
def test_every_task_returns_its_number(pipeline_run: PipelineRun) -> None:
    """Each task of a run returns the right number."""
    assert pipeline_run.state == "SUCCEEDED"
    assert pipeline_run.task("square").output == 9.0
    assert pipeline_run.task("square-2").output == 16.0
    assert pipeline_run.task("add").output == 25.0
    assert pipeline_run.task("square-root").output == pytest.approx(5.0)
    assert all(task.state == "SUCCEEDED" for task in pipeline_run.tasks)


def triple(a: float, b: float, c: float) -> object:
    """The sides `a` and `b` as arguments of a declared run, and `c` as what to expect of it."""
    run = pytest.mark.kf_pipeline(pythagorean, arguments={"a": a, "b": b})
    return pytest.param(c, id=f"{a:g}-{b:g}-{c:g}", marks=run)


@pytest.mark.parametrize(
    "hypotenuse",
    [
        triple(5.0, 12.0, 13.0),
        triple(8.0, 15.0, 17.0),
        triple(20.0, 21.0, 29.0),
        triple(1.0, 1.0, 2**0.5),
    ],
)
def test_hypotenuse(pipeline_run: PipelineRun, hypotenuse: float) -> None:
    """A run with other arguments returns the right result."""
    assert pipeline_run.task("square-root").output == pytest.approx(hypotenuse)
    assert pipeline_run.outputs["Output"] == pytest.approx(hypotenuse)
