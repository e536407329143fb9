"""Pipelines, runs and schedules of Kubeflow Pipelines."""

import secrets
from typing import Any

import pytest

from pytest_kubeflow import (
    KubeflowConfig,
    PipelineExperimentCreator,
    PipelineRunner,
    PipelineUploader,
    Schedule,
    Upgrade,
    model_uri,
)

from .pipelines import joining, joining_twice

before, after = (pytest.mark.kf_upgrade(phase) for phase in ("before", "after"))


def content_of(client: Any, uri: str) -> str:
    """What the object store has at `uri`."""
    bucket, _, key = model_uri(uri).removeprefix("s3://").partition("/")
    response = client.get_object(bucket, key)
    try:
        return str(response.read().decode())
    finally:
        response.close()
        response.release_conn()


@before
def test_leave_a_pipeline_with_two_versions(
    upload_pipeline: PipelineUploader, run_pipeline: PipelineRunner, upgrade: Upgrade
) -> None:
    """Before an upgrade: leaves a pipeline with two versions."""
    words = [secrets.token_hex(4) for _ in range(3)]
    uploaded = upload_pipeline(joining)
    second = uploaded.add_version(joining_twice)
    assert run_pipeline(second, arguments={"words": words}).outputs["Output"].endswith(" again")
    upgrade.leave(
        "pipeline",
        name=uploaded.name,
        id=uploaded.pipeline_id,
        words=words,
        versions={one.version_id: one.package.text() for one in uploaded.versions()},
    )


@after
def test_its_versions_are_as_they_were_and_run(
    upgrade: Upgrade, run_pipeline: PipelineRunner
) -> None:
    """After it: both versions are unchanged and run."""
    left = upgrade.left("pipeline")
    found = {one.version_id: one for one in upgrade.pipeline_versions(left["id"])}
    message = (
        f"pipeline {left['name']} had versions {sorted(left['versions'])}, and has {sorted(found)}"
    )
    assert found.keys() == left["versions"].keys(), message
    results = set()
    for number, version in found.items():
        changed = f"version {version.name} of pipeline {left['name']} is another than before"
        assert version.package.text() == left["versions"][number], changed
        results.add(run_pipeline(version, arguments={"words": left["words"]}).outputs["Output"])
    said = " ".join(left["words"])
    assert results == {said, f"{said} again"}


@before
def test_leave_a_run_with_its_result(
    run_pipeline: PipelineRunner, minio_client: Any, upgrade: Upgrade
) -> None:
    """Before an upgrade: leaves a run with its result and its artifact."""
    words = [secrets.token_hex(4) for _ in range(3)]
    run = run_pipeline(joining, arguments={"words": words})
    message = " ".join(words)
    task = run.task("joined")
    assert task.output == message
    uri = task.artifacts["note"].uri
    assert content_of(minio_client, uri) == message
    upgrade.leave("run", name=run.name, id=run.run_id, text=message, artifact=uri)


@after
def test_the_run_has_its_result_and_its_artifact(minio_client: Any, upgrade: Upgrade) -> None:
    """After it: the run has its result, and the artifact is unchanged."""
    left = upgrade.left("run")
    run = upgrade.run(left["id"])
    assert run.name == left["name"]
    assert run.state == "SUCCEEDED", f"run {run.name} had succeeded, and is {run.state} now"
    task = run.task("joined")
    assert task.output == left["text"]
    uri = task.artifacts["note"].uri
    assert uri == left["artifact"]
    found = content_of(minio_client, uri)
    assert found == left["text"], f"artifact {uri} of run {run.name} is another than before"


@before
def test_leave_a_recurring_run_that_is_disabled(
    pipeline_experiment: PipelineExperimentCreator, kf_config: KubeflowConfig, upgrade: Upgrade
) -> None:
    """Before an upgrade: leaves a recurring run that has run once and is disabled.

    Disabled, so that it does not run all through the upgrade.
    """
    words = [secrets.token_hex(4) for _ in range(3)]
    recurring = pipeline_experiment("kf-upgrade").schedule(
        joining,
        Schedule(interval=kf_config.recurring_period),
        arguments={"words": words},
        catch_up=False,
    )
    recurring.wait_for_runs(1)
    recurring.disable()
    for run in recurring.runs():
        run.wait()
    upgrade.leave(
        "recurring-run",
        name=recurring.name,
        id=recurring.id,
        period=kf_config.recurring_period,
        runs=[run.run_id for run in recurring.runs()],
        text=" ".join(words),
    )


@after
def test_the_recurring_run_has_rested_and_starts_runs_again(upgrade: Upgrade) -> None:
    """After it: no run was started meanwhile, and enabling starts one."""
    left = upgrade.left("recurring-run")
    recurring = upgrade.recurring_run(left["id"])
    assert recurring.schedule.interval == left["period"]
    assert not recurring.enabled, f"recurring run {recurring.name} was disabled, and is enabled now"
    earlier = [view.run_id for view in recurring.views()]
    message = f"recurring run {recurring.name} had started {left['runs']}, and has {earlier} now"
    assert sorted(earlier) == sorted(left["runs"]), message
    recurring.enable()
    try:
        runs = recurring.wait_for_runs(len(earlier) + 1)
        new = next(run for run in runs if run.run_id not in earlier)
        new.wait()
        assert new.outputs["Output"] == left["text"]
    finally:
        recurring.disable()
