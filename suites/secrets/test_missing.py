"""What is missing is told soon: Kubeflow Pipelines itself waits for it for ever."""

import re
import secrets
from collections.abc import Callable

import pytest

from pytest_kubeflow import Deadline, GivenValuesMaker, PipelineRun, PipelineRunner, wait_until

from .pipelines import reading_file, reading_variable

SOON = 60.0
"""Seconds within which it is told."""


def told_of(run: PipelineRun) -> str:
    """What the cluster says of a run that waits for what is not there."""
    found = wait_until(
        lambda: run.pending_reason or ("it has ended" if run.ended else ""),
        bool,
        deadline=Deadline.after(SOON),
        what=f"Kubernetes to tell why run {run.name} does not go on",
    )
    assert found != "it has ended", f"run {run.name} ended {run.state} without what was missing"
    return found


@pytest.mark.parametrize(
    "pipeline", [reading_variable, reading_file], ids=["as-variable", "as-file"]
)
def test_a_secret_that_is_not_there_is_told(
    run_pipeline: PipelineRunner, pipeline: Callable[..., object]
) -> None:
    """A missing Secret is reported within a minute."""
    name = f"kf-nobody-{secrets.token_hex(4)}"
    run = run_pipeline(pipeline, arguments={"secret": name}, wait=False)
    message = told_of(run)
    assert f'"{name}" not found' in message, (
        f"run {run.name} lacks a Secret, and is told: {message}"
    )


def test_a_key_that_is_not_there_is_told(
    run_pipeline: PipelineRunner, kf_secret: GivenValuesMaker
) -> None:
    """A missing key of a Secret is reported within a minute."""
    secret = kf_secret({"other": "-"})
    run = run_pipeline(reading_variable, arguments={"secret": secret.name}, wait=False)
    message = told_of(run)
    found = re.search("couldn't find key (password|token) in Secret", message)
    assert found, f"run {run.name} lacks a key of {secret}, and is told: {message}"


def test_a_secret_of_another_profile_is_not_there(
    run_pipeline: PipelineRunner, kf_secret: GivenValuesMaker, other_profile: str
) -> None:
    """A task does not get the Secret of another profile."""
    secret = kf_secret({"password": "-", "token": "-"}, namespace=other_profile)
    run = run_pipeline(reading_variable, arguments={"secret": secret.name}, wait=False)
    message = told_of(run)
    assert f'"{secret.name}" not found' in message, f"run {run.name} has got at {secret}: {message}"
