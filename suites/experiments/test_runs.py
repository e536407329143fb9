"""Runs are ended, tried again and cloned."""

import secrets

import kfp.kubernetes
import pytest
from kfp import dsl

from pytest_kubeflow import (
    Deadline,
    KubeflowConfig,
    KubeflowError,
    PipelineRun,
    PipelineRunner,
    SeededVolume,
    wait_until,
)

from .pipelines import at_second_attempt, draw, saying, waiting

LONG = 1800.0
"""Seconds for which a task would run that is ended."""


@dsl.pipeline(name="failing-first")
def failing_first(pvc_name: str) -> float:
    """A task that succeeds, and one after it that fails at its first attempt."""
    drawn = draw()
    again = at_second_attempt(number=drawn.output)
    kfp.kubernetes.mount_pvc(again, pvc_name=pvc_name, mount_path="/data")
    return again.output


def log_of(run: PipelineRun, name: str) -> str:
    """What a task has printed so far; "" for one that has no log yet."""
    try:
        return run.task(name).log()
    except KubeflowError:
        return ""


def test_a_terminated_run_ends(run_pipeline: PipelineRunner, kf_config: KubeflowConfig) -> None:
    """A run that is terminated is CANCELED, and its next task does not start."""
    run = run_pipeline(waiting, arguments={"seconds": LONG}, wait=False)
    wait_until(
        lambda: log_of(run, "say-after"),
        lambda log: "waits for" in log,
        deadline=Deadline.after(kf_config.session.timeout),
        what=f"the first task of run {run.name} to run",
    )
    run.terminate()
    run.wait(expect="CANCELED")
    states = {task.name: task.state for task in run.tasks}
    assert states.get("say-after") != "SUCCEEDED"
    message = f"run {run.name} was terminated in its first task, and the second ran all the same"
    assert states.get("say", "") not in {"RUNNING", "SUCCEEDED"}, message


@pytest.mark.kf_images(("--kf-base-image", "python:3.11"), "--kf-base-image")
def test_a_retried_run_goes_on_where_it_failed(run_pipeline: PipelineRunner) -> None:
    """A retry runs the task that failed, and not the one that succeeded."""
    volume = SeededVolume({"attempted.txt": "0"})
    run = run_pipeline(failing_first, arguments={"pvc_name": volume}, expect="FAILED")
    drawn = run.task("draw").output
    run.retry()
    run.wait()
    attempts = run.volume("pvc_name").read_text("attempted.txt")
    assert attempts == "2", f"run {run.name} succeeded after {attempts} attempts"
    message = f"run {run.name} was retried, and a task that had succeeded was run again"
    assert run.task("draw").output == drawn, message
    assert run.outputs["Output"] == drawn


def test_a_clone_runs_the_same_again(run_pipeline: PipelineRunner) -> None:
    """A clone of a run has the same result, which is computed again."""
    text = secrets.token_hex(8)
    run = run_pipeline(saying, arguments={"text": text})
    clone = run_pipeline.clone(run)
    assert clone.run_id != run.run_id
    clone.wait()
    assert clone.outputs["Output"] == run.outputs["Output"] == text
    assert not any(task.is_cached for task in clone.tasks)
