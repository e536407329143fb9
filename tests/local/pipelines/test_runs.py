"""Runs as records: made, found, listed, archived, deleted."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from kfp import compiler
from kfp_server_api import ApiException

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting
from tests.local.pipelines.wellformed import DEFAULTS, spec_of


def submit(member: Member, experiment: str, called: str = "", **fields: Any) -> Any:
    body = {
        "display_name": called or name("r"),
        "experiment_id": experiment,
        "pipeline_spec": spec_of(greeting),
        **fields,
    }
    return member.call("POST", "runs", json=body)


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


def test_its_tasks_are_told(member: Member, experiment: str) -> None:
    run_id = submit(member, experiment).json()["run_id"]
    member.wait(run_id)
    tasks = member.details(run_id)
    assert set(tasks) == {"root", "greet"}
    task = tasks["greet"]
    assert task["state"] == "SUCCEEDED"
    assert datetime.fromisoformat(task["start_time"]) <= datetime.fromisoformat(task["end_time"])
    pods = member.pods(run_id)
    assert [pod.metadata.name for pod in pods] == [task["pod_name"]]
    assert task["child_tasks"] == [{"pod_name": task["pod_name"]}]
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
    ("fields", "told"),
    [
        ({"display_name": ""}, "The run name is empty"),
        ({"experiment_id": ""}, "Experiment id can not be empty"),
        ({"pipeline_spec": None}, "Pipeline spec source is missing"),
        ({"runtime_config": {"parameters": {"x": 1}}}, "not required by pipeline: x"),
        ({"runtime_config": {"colour": 1}}, 'unknown field "colour"'),
    ],
)
def test_what_cannot_run_is_refused(
    member: Member, experiment: str, fields: dict[str, Any], told: str
) -> None:
    answer = submit(member, experiment, **fields)
    assert answer.status_code == 400
    assert told in answer.json()["message"]


@pytest.mark.parametrize(
    ("arguments", "told"),
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
    member: Member, experiment: str, arguments: dict[str, Any], told: str
) -> None:
    config = {"parameters": arguments}
    answer = submit(member, experiment, pipeline_spec=DEFAULTS, runtime_config=config)
    assert answer.status_code == 400
    assert told in answer.json()["message"]


def listed(member: Member, **query: Any) -> tuple[list[str], dict[str, Any]]:
    answer = member.call("GET", "runs", params=query)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [one["display_name"] for one in body.get("runs", [])], body


def predicates(*rules: dict[str, Any]) -> str:
    return json.dumps({"predicates": list(rules)})


@pytest.fixture(scope="module")
def five(member: Member) -> tuple[str, list[str]]:
    """An experiment with the runs r1 to r5, of which r2 and r4 are archived."""
    experiment = member.kfp.create_experiment(name("e"), namespace=member.namespace).experiment_id
    ids = [submit(member, experiment, f"r{n}").json()["run_id"] for n in range(1, 6)]
    for run_id in ids:
        member.wait(run_id)
    member.kfp.archive_run(ids[1])
    member.kfp.archive_run(ids[3])
    return experiment, ids


def test_lists_are_ordered_as_asked(member: Member, five: tuple[str, list[str]]) -> None:
    ascending = ["r1", "r2", "r3", "r4", "r5"]
    for order in ("", "created_at", "created_at asc", "name", "display_name ASC"):
        assert listed(member, experiment_id=five[0], sort_by=order)[0] == ascending
    for order in ("created_at desc", "name desc"):
        assert listed(member, experiment_id=five[0], sort_by=order)[0] == ascending[::-1]


def test_lists_are_filtered(member: Member, five: tuple[str, list[str]]) -> None:
    def found(*rules: dict[str, Any]) -> list[str]:
        return listed(member, experiment_id=five[0], filter=predicates(*rules))[0]

    available = {"key": "storage_state", "operation": "EQUALS", "string_value": "AVAILABLE"}
    assert found(available) == ["r1", "r3", "r5"]
    assert found(available | {"operation": "NOT_EQUALS"}) == ["r2", "r4"]
    assert found(
        {"key": "name", "operation": "IN", "string_values": {"values": ["r4", "r5", "r9"]}}
    ) == ["r4", "r5"]
    assert found({"key": "name", "operation": "IS_SUBSTRING", "string_value": "R"}) == [
        f"r{n}" for n in range(1, 6)
    ]
    assert found(available, {"key": "id", "operation": "EQUALS", "stringValue": five[1][2]}) == [
        "r3"
    ]
    past = "2001-01-01T00:00:00Z"
    recent = {"key": "created_at", "operation": "GREATER_THAN", "timestamp_value": past}
    assert len(found(recent)) == 5
    assert found(recent | {"operation": "LESS_THAN"}) == []


def test_the_client_lists_by_its_own_filter(member: Member, five: tuple[str, list[str]]) -> None:
    rule = {"key": "storage_state", "operation": 1, "stringValue": "ARCHIVED"}
    answer = member.kfp.list_runs(
        namespace=member.namespace, experiment_id=five[0], filter=predicates(rule)
    )
    assert [one.display_name for one in answer.runs] == ["r2", "r4"]


def test_pages_follow_on_each_other(member: Member, five: tuple[str, list[str]]) -> None:
    query = {"experiment_id": five[0], "page_size": 2, "sort_by": "name desc"}
    pages, token = [], ""
    while True:
        found, body = listed(member, **query, page_token=token)
        pages.append(found)
        assert body["total_size"] == 5
        token = body.get("next_page_token", "")
        if not token:
            break
    assert pages == [["r5", "r4"], ["r3", "r2"], ["r1"]]


def test_pages_hold_while_the_list_changes(member: Member, experiment: str) -> None:
    ids = {f"r{n}": submit(member, experiment, f"r{n}").json()["run_id"] for n in range(1, 6)}
    query = {"experiment_id": experiment, "page_size": 2, "sort_by": "name"}
    found, body = listed(member, **query)
    assert found == ["r1", "r2"]
    member.kfp.delete_run(ids["r1"])
    submit(member, experiment, "r0")
    submit(member, experiment, "r35")
    found, body = listed(member, **query, page_token=body["next_page_token"])
    assert found == ["r3", "r35"]
    member.kfp.delete_run(ids["r4"])  # the one that the token points to
    found, body = listed(member, **query, page_token=body["next_page_token"])
    assert found == ["r5"]
    assert "next_page_token" not in body


def test_a_token_carries_order_and_filter(member: Member, five: tuple[str, list[str]]) -> None:
    rule = predicates({"key": "name", "operation": "IS_SUBSTRING", "string_value": "r"})
    query = {"experiment_id": five[0], "page_size": 2}
    _, body = listed(member, **query, sort_by="name desc", filter=rule)
    token = body["next_page_token"]
    assert listed(member, **query, page_token=token)[0] == ["r3", "r2"]
    for other in ({"sort_by": "name"}, {"filter": predicates()}):
        answer = member.call("GET", "runs", params={**query, "page_token": token, **other})
        assert answer.status_code == 400
        assert "page token does not match" in answer.json()["message"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"page_size": -1}, "page size should be greater than 0"),
        ({"page_size": "many"}, "page_size"),
        ({"page_token": "rubbish"}, "Invalid page token"),
        ({"sort_by": "colour"}, 'Invalid sorting field: "colour"'),
        ({"sort_by": "name sideways"}, "invalid sort by format"),
        ({"filter": "rubbish"}, "failed to parse valid filter"),
        (
            {"filter": predicates({"key": "colour", "operation": "EQUALS", "string_value": "x"})},
            'unrecognized field "colour"',
        ),
        (
            {"filter": predicates({"key": "name", "operation": "IN", "string_value": "x"})},
            "cannot use IN operator with scalar type string",
        ),
    ],
)
def test_a_list_that_cannot_be_made_is_refused(
    member: Member, five: tuple[str, list[str]], query: dict[str, Any], told: str
) -> None:
    answer = member.call("GET", "runs", params={"experiment_id": five[0], **query})
    assert answer.status_code == 400
    assert answer.json()["code"] == 3
    assert told in answer.json()["message"]


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
    assert listed(member, experiment_id=experiment)[0] == []
