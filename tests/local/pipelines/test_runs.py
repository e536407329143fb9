"""Runs as records: made, found, listed, archived, deleted."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from kfp import compiler
from kfp_server_api import ApiException

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting
from tests.local.pipelines.submission import submit
from tests.local.pipelines.wellformed import DEFAULTS, spec_of


def test_it_keeps_what_it_was_made_with(member: Member, experiment: str) -> None:
    made = submit(member, experiment, "the name", description="why").json()
    run = member.wait(made["run_id"])
    assert run.state == "SUCCEEDED"
    assert (run.display_name, run.description) == ("the name", "why")
    assert (run.experiment_id, run.service_account) == (experiment, "default-editor")
    assert run.storage_state == "AVAILABLE"
    assert run.pipeline_spec == spec_of(greeting)
    assert run.created_at <= run.finished_at
    states = [one.state for one in run.state_history]
    assert states[0] == "PENDING"
    assert states[-1] == "SUCCEEDED"
    assert made.get("finished_at") == "1970-01-01T00:00:00Z"


def test_the_moment_that_clients_in_go_do_not_set(member: Member, experiment: str) -> None:
    """Their zero is the year 1, which RFC 3339 writes with four digits."""
    zero = "0001-01-01T00:00:00.000Z"
    made = submit(member, experiment, "of Go", scheduled_at=zero, created_at=zero).json()
    assert made["scheduled_at"] == "0001-01-01T00:00:00Z"
    assert made["created_at"] > "2026"
    assert member.wait(made["run_id"]).state == "SUCCEEDED"


def test_its_tasks_are_told(member: Member, experiment: str) -> None:
    run_id = submit(member, experiment).json()["run_id"]
    member.wait(run_id)
    found = member.call("GET", f"runs/{run_id}").json()["run_details"]["task_details"]
    tasks = {one["display_name"]: one for one in found}
    # As the real server tells them: the nodes of the Workflow, without pods, errors and parents.
    workflow = next(name for name in tasks if name.startswith("greeting-") and "(" not in name)
    assert set(tasks) == {
        *(name for one in (workflow, "root", "greet", "executor") for name in (one, f"{one}(0)")),
        *(name for one in ("root", "greet") for name in (f"{one}-driver", f"{one}-driver(0)")),
    }
    task = tasks["greet"]
    assert task["state"] == "SUCCEEDED"
    assert datetime.fromisoformat(task["start_time"]) <= datetime.fromisoformat(task["end_time"])
    assert not task.keys() & {"pod_name", "error", "parent_task_id"}
    (child,) = tasks["executor"]["child_tasks"]
    (pod,) = member.pods(run_id)
    number = pod.metadata.name.removeprefix(f"{workflow}-system-container-impl-")
    assert child == {"pod_name": f"{workflow}-{number}"}
    assert "hello" in member.log(run_id, "greet")


def test_the_log_is_shown_by_the_ui_server_too(member: Member, experiment: str) -> None:
    run_id = submit(member, experiment).json()["run_id"]
    member.wait(run_id)
    pod = member.details(run_id)["greet"]["pod_name"]
    query = {"podname": pod, "runid": run_id, "podnamespace": member.namespace}
    answer = member.http.get(f"{member.host}/pipeline/k8s/pod/logs", params=query, timeout=20)
    assert "hello" in answer.text


def test_an_uploaded_version_is_run_by_reference(
    member: Member, experiment: str, tmp_path: Path
) -> None:
    package = tmp_path / "p.yaml"
    compiler.Compiler().compile(greeting, str(package))
    pipeline = member.kfp.upload_pipeline(str(package), name("p"), namespace=member.namespace)
    (version,) = member.kfp.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    run = member.kfp.run_pipeline(
        experiment,
        name("r"),
        pipeline_id=pipeline.pipeline_id,
        version_id=version.pipeline_version_id,
    )
    reference = run.pipeline_version_reference
    assert reference.pipeline_id == pipeline.pipeline_id
    assert reference.pipeline_version_id == version.pipeline_version_id
    assert member.wait(run.run_id).state == "SUCCEEDED"


def test_without_a_version_the_latest_is_run(
    member: Member, experiment: str, tmp_path: Path
) -> None:
    package = tmp_path / "p.yaml"
    compiler.Compiler().compile(greeting, str(package))
    pipeline = member.kfp.upload_pipeline(str(package), name("p"), namespace=member.namespace)
    latest = member.kfp.upload_pipeline_version(
        str(package), "v2", pipeline_id=pipeline.pipeline_id
    )
    reference = {"pipeline_id": pipeline.pipeline_id}
    made = submit(
        member, experiment, pipeline_spec=None, pipeline_version_reference=reference
    ).json()
    chosen = made["pipeline_version_reference"]["pipeline_version_id"]
    assert chosen == latest.pipeline_version_id


def test_a_foreign_private_pipeline_is_not_run(
    member: Member, stranger: Member, experiment: str, tmp_path: Path
) -> None:
    package = tmp_path / "p.yaml"
    compiler.Compiler().compile(greeting, str(package))
    pipeline = stranger.kfp.upload_pipeline(str(package), name("p"), namespace=stranger.namespace)
    theirs: dict[str, Any] = {
        "pipeline_spec": None,
        "pipeline_version_reference": {"pipeline_id": pipeline.pipeline_id},
    }
    assert submit(member, experiment, **theirs).status_code == 403
    elsewhere = stranger.kfp.create_experiment(name("e"), namespace=stranger.namespace)
    assert submit(stranger, elsewhere.experiment_id, **theirs).status_code == 200


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"experiment_id": ""}, "Experiment id can not be empty"),
        ({"runtime_config": {"parameters": {"x": 1}}}, "not required by pipeline: x"),
        ({"runtime_config": {"colour": 1}}, 'unknown field "colour"'),
        ({"runtime_config": {"pipeline_root": 1}}, "string field pipeline_root: 1"),
        ({"runtime_config": {"parameters": []}}, "message field parameters: []"),
        ({"state": "BOGUS"}, 'invalid value for enum field state: "BOGUS"'),
        ({"created_at": "yesterday"}, "Timestamp value for created_at"),
        ({"state_history": {}}, "repeated field state_history"),
        ({"plugins_input": {"x": 1}}, "message field x: 1"),
        ({"pipeline_version_reference": {"pipeline_id": "x"}}, "pipeline_source is already set"),
        ({"pipeline_version_id": ""}, "pipeline_source is already set"),
    ],
)
def test_what_cannot_run_is_refused(
    member: Member, experiment: str, fields: dict[str, Any], message: str
) -> None:
    answer = submit(member, experiment, **fields)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


_NO_VERSION = {"pipeline_spec": None, "pipeline_version_reference": {"pipeline_version_id": "x"}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"display_name": ""}, "Run name cannot be empty"),
        ({"pipeline_spec": None}, "with an empty pipeline spec manifest"),
        ({"pipeline_spec": {"a": 1}}, "unknown template format"),
        (_NO_VERSION, "ResourceNotFoundError: PipelineVersion x not found"),
    ],
)
def test_what_is_not_found_to_run_is_an_internal_error(
    member: Member, experiment: str, fields: dict[str, Any], message: str
) -> None:
    """As of KFP 2.17; it is final all the same, and told in its message."""
    answer = submit(member, experiment, **fields)
    assert answer.status_code == 500
    assert "InternalServerError: Failed to c" in answer.json()["message"]
    assert message in answer.json()["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "parameter needed is not optional"),
        ({"needed": 5}, "requires type string"),
        ({"needed": "x", "count": "5"}, "requires type double or integer"),
        ({"needed": "x", "flag": 1}, "requires type bool"),
        ({"needed": "x", "items": {}}, "requires type list"),
        ({"needed": "x", "mapping": []}, "requires type struct"),
    ],
)
def test_arguments_have_the_types_of_the_parameters(
    member: Member, experiment: str, arguments: dict[str, Any], message: str
) -> None:
    config = {"parameters": arguments}
    answer = submit(member, experiment, pipeline_spec=DEFAULTS, runtime_config=config)
    assert answer.status_code == 400
    assert message in answer.json()["message"]


def test_archived_ones_come_back(member: Member, experiment: str) -> None:
    run_id = submit(member, experiment).json()["run_id"]
    for change, state in (
        (member.kfp.archive_run, "ARCHIVED"),
        (member.kfp.unarchive_run, "AVAILABLE"),
    ):
        change(run_id)
        assert member.kfp.get_run(run_id).storage_state == state


def test_a_deleted_one_is_gone_with_its_pods(member: Member, experiment: str) -> None:
    run_id = submit(member, experiment).json()["run_id"]
    member.wait(run_id)
    assert member.pods(run_id)
    member.kfp.delete_run(run_id)
    with pytest.raises(ApiException) as caught:
        member.kfp.get_run(run_id)
    assert caught.value.status == 404
    member.until(lambda: not member.pods(run_id), "its pods to be gone")
    assert member.kfp.list_runs(experiment_id=experiment).runs is None
