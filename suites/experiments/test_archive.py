"""What is archived is out of the way, and nothing of it is lost."""

import json
import secrets
from typing import Any

import pytest

from pytest_kubeflow import (
    KubeflowError,
    PipelineExperimentCreator,
    PipelineRunner,
    Schedule,
)

from .pipelines import saying


def listed(client: Any, experiment_id: str, state: str) -> set[str]:
    """The runs of an experiment that the UI shows on its page for this storage state."""
    predicate = {"operation": "EQUALS", "key": "storage_state", "stringValue": state}
    found = client.list_runs(
        experiment_id=experiment_id,
        page_size=100,
        filter=json.dumps({"predicates": [predicate]}),
    )
    return {run.run_id for run in found.runs or ()}


def test_an_archived_run_is_out_of_the_list_and_can_be_read(
    pipeline_experiment: PipelineExperimentCreator, run_pipeline: PipelineRunner, kfp_client: Any
) -> None:
    """An archived run leaves the list, can be read, and can be restored."""
    experiment = pipeline_experiment("kf-archive")
    text = secrets.token_hex(8)
    run = run_pipeline(saying, arguments={"text": text}, experiment=experiment, wait=False)
    other = run_pipeline(saying, arguments={"text": text}, experiment=experiment)
    run.wait()

    run.archive()
    available = listed(kfp_client, experiment.id, "AVAILABLE")
    message = f"run {run.name} was archived, and is listed among what is available"
    assert run.run_id not in available, message
    assert available == {other.run_id}
    assert listed(kfp_client, experiment.id, "ARCHIVED") == {run.run_id}
    assert run.archived
    assert not other.archived
    assert run.document()["state"] == "SUCCEEDED"
    assert run.outputs["Output"] == text

    run.unarchive()
    assert not run.archived
    assert listed(kfp_client, experiment.id, "AVAILABLE") == {run.run_id, other.run_id}
    assert listed(kfp_client, experiment.id, "ARCHIVED") == set()


def test_an_archived_experiment_takes_its_runs_along(
    pipeline_experiment: PipelineExperimentCreator, run_pipeline: PipelineRunner
) -> None:
    """Archiving an experiment archives its runs and disables its schedules.

    Back comes the experiment alone: its runs stay archived, its schedules disabled.
    """
    experiment = pipeline_experiment("kf-archive")
    run = run_pipeline(saying, arguments={"text": "a"}, experiment=experiment)
    recurring = experiment.schedule(saying, Schedule(cron="0 0 0 1 1 *"), arguments={"text": "a"})
    assert recurring.enabled, f"{recurring.name} was made to be enabled, and is not"

    experiment.archive()
    assert experiment.archived, f"experiment {experiment.name} was archived, and is not"
    assert run.archived, f"run {run.name} is not archived with its experiment"
    assert not recurring.enabled, f"{recurring.name} of an archived experiment goes on"
    with pytest.raises(KubeflowError, match=r"(?i)must be un-?archived first"):
        run.unarchive()
    assert run.archived

    experiment.unarchive()
    assert not experiment.archived
    assert run.archived, f"run {run.name} came back with its experiment, which no run does"
    assert not recurring.enabled, f"{recurring.name} was enabled by nobody"
    run.unarchive()
    assert not run.archived
    assert run.outputs["Output"] == "a"
