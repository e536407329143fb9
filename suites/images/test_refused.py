"""Images that cannot be had are told within a minute, each in one sentence."""

import secrets

import pytest

from pytest_kubeflow import (
    Deadline,
    ImageMaker,
    PipelineRun,
    PipelineRunner,
    skip_for,
    wait_until,
    why_not_pulled,
)

from .pipelines import MARK, looking

pytestmark = pytest.mark.kf_images()

SOON = 60.0
"""Seconds within which it is told."""


def told_of(run: PipelineRun, image: str) -> str:
    """What the cluster says of a run whose image it does not get."""
    found = wait_until(
        lambda: run.pending_reason or ("it has ended" if run.ended else ""),
        bool,
        deadline=Deadline.after(SOON),
        what=f"Kubernetes to tell why run {run.name} does not go on",
    )
    assert found != "it has ended", f"run {run.name} ended {run.state}, in {image}"
    return why_not_pulled(image, found)


def test_a_tag_that_is_not_there_is_told(
    pushed_image: ImageMaker, image_pull_secret: str | None, run_pipeline: PipelineRunner
) -> None:
    """A tag that does not exist is reported within a minute."""
    there = pushed_image({MARK: "1"})
    name = f"{there.reference.name}:{secrets.token_hex(4)}"
    run = run_pipeline(looking(name, [image_pull_secret] if image_pull_secret else []), wait=False)
    found = told_of(run, name)
    assert "has no tag" in found, found


def test_a_login_that_is_missing_is_told(
    pushed_image: ImageMaker, image_pull_secret: str | None, run_pipeline: PipelineRunner
) -> None:
    """A missing registry login is reported within a minute."""
    if image_pull_secret is None:
        skip_for("registry-login", "no login at the registry was configured: it may want none")
    # New on every node: what is there already needs no login, up to Kubernetes 1.34.
    image = pushed_image({MARK: secrets.token_hex(8)})
    run = run_pipeline(looking(str(image)), wait=False)
    found = told_of(run, str(image))
    assert "lets nobody in without a login" in found or "does not give it" in found, found


def test_an_image_for_another_architecture_is_told(
    pushed_image: ImageMaker, image_pull_secret: str | None, run_pipeline: PipelineRunner
) -> None:
    """An image for another architecture is reported within a minute."""
    image = pushed_image({MARK: secrets.token_hex(8)}, platform="linux/s390x")
    run = run_pipeline(
        looking(str(image), [image_pull_secret] if image_pull_secret else []), wait=False
    )
    found = told_of(run, str(image))
    assert "none of it for the architecture" in found, found
