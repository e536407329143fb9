"""Recurring runs: created, triggered, switched on and off, listed, refused."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import endless, greeting
from tests.local.pipelines.wellformed import DEFAULTS, spec_of

SECONDLY = {"periodic_schedule": {"interval_second": "1"}}
NEVER = {"cron_schedule": {"cron": "0 0 0 1 1 *"}}


def create(member: Member, experiment: str, **fields: Any) -> Any:
    """The answer to a request for a recurring run of `greeting`."""
    body = {
        "display_name": name("recurring"),
        "experiment_id": experiment,
        "pipeline_spec": spec_of(greeting),
        "max_concurrency": "10",
        "trigger": NEVER,
        "mode": "ENABLE",
        **fields,
    }
    return member.call("POST", "recurringruns", json=body)


def runs_of(member: Member, recurring_run_id: str) -> list[dict[str, Any]]:
    """Its runs, oldest first."""
    listed = member.call("GET", "runs", params={"namespace": member.namespace, "page_size": 200})
    runs = listed.json().get("runs", [])
    return [one for one in runs if one.get("recurring_run_id") == recurring_run_id]


def delete(member: Member, recurring_run_id: str, **query: str) -> None:
    answer = member.call("DELETE", f"recurringruns/{recurring_run_id}", params=query)
    assert answer.status_code == 200


def test_it_runs_at_each_interval(member: Member, experiment: str) -> None:
    far = {"cron_schedule": {"cron": "@yearly", "start_time": "9999-12-31T00:00:00Z"}}
    assert create(member, experiment, trigger=far).status_code == 200  # never due, and no harm
    titled = "Größe: All My Recurring Things"
    made = create(member, experiment, trigger=SECONDLY, display_name=titled).json()
    called = made["recurring_run_id"]
    member.until(lambda: len(runs_of(member, called)) >= 2, "two runs of a recurring run")
    delete(member, called, propagation_policy="ORPHAN")
    one, other = runs_of(member, called)[:2]
    assert one["experiment_id"] == experiment
    due = [datetime.fromisoformat(run["scheduled_at"]) for run in (one, other)]
    assert due[1] - due[0] == timedelta(seconds=1)
    assert re.fullmatch(r"greallmyrecurringthings\w{5}-1-\d+", one["display_name"])
    assert member.wait(one["run_id"]).state == "SUCCEEDED"


def test_it_runs_when_its_cron_expression_says(member: Member, experiment: str) -> None:
    trigger = {"cron_schedule": {"cron": "* * * * * *"}}
    called = create(member, experiment, trigger=trigger).json()["recurring_run_id"]
    member.until(lambda: runs_of(member, called), "a run of a recurring run")
    delete(member, called)
    assert member.call("GET", f"recurringruns/{called}").status_code == 404


def test_without_a_trigger_it_is_due_once(member: Member, experiment: str) -> None:
    made = create(member, experiment, trigger={}).json()
    assert made["trigger"] == {}, "the message is there, and empty"
    called = made["recurring_run_id"]
    member.until(lambda: runs_of(member, called), "its one run")
    (run,) = runs_of(member, called)
    assert member.wait(run["run_id"]).state == "SUCCEEDED"
    assert len(runs_of(member, called)) == 1
    delete(member, called)


def test_one_that_follows_the_latest_version_has_no_account_yet(
    member: Member, experiment: str, tmp_path: Path
) -> None:
    """Each of its runs gets one; a version's is known at once."""
    from kfp import compiler

    package = str(tmp_path / "greeting.yaml")
    compiler.Compiler().compile(greeting, package)
    pipeline = member.kfp.upload_pipeline(package, name("p"), namespace=member.namespace)
    latest: dict[str, Any] = {"pipeline_id": pipeline.pipeline_id}
    fields = {"pipeline_spec": None, "pipeline_version_reference": latest}
    assert "service_account" not in create(member, experiment, **fields).json()
    named = create(member, experiment, **fields, service_account="somebody").json()
    assert named["service_account"] == "somebody"
    assert create(member, experiment).json()["service_account"] == "default-editor"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"display_name": ""}, "Recurring run's name cannot be empty"),
        ({"pipeline_spec": None}, "Cannot create a job with an empty pipeline ID"),
        ({"pipeline_spec": {"a": 1}}, "unknown template format"),
        (
            {
                "pipeline_spec": None,
                "pipeline_version_reference": {"pipeline_version_id": "no-such"},
            },
            "ResourceNotFoundError: PipelineVersion no-such not found",
        ),
    ],
)
def test_what_is_not_found_to_schedule_is_an_internal_error(
    member: Member, experiment: str, fields: dict[str, Any], message: str
) -> None:
    """As of KFP 2.17."""
    answer = create(member, experiment, **fields)
    assert answer.status_code == 500
    assert message in answer.json()["message"]


def test_it_can_be_switched_off_and_on(member: Member, experiment: str) -> None:
    long_ago = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    trigger = {"periodic_schedule": {"interval_second": "10", "start_time": long_ago}}
    made = create(member, experiment, trigger=trigger, mode="DISABLE", no_catchup=True).json()
    assert (made["mode"], made["status"]) == ("DISABLE", "DISABLED")
    called = made["recurring_run_id"]
    assert member.call("POST", f"recurringruns/{called}:enable").status_code == 200
    member.until(lambda: runs_of(member, called), "a run once it is enabled")
    assert member.call("POST", f"recurringruns/{called}:disable").status_code == 200
    found = member.call("GET", f"recurringruns/{called}").json()
    assert (found["mode"], found["status"], found["no_catchup"]) == ("DISABLE", "DISABLED", True)
    # Without catching up, the day that was missed counts once.
    assert len(runs_of(member, called)) == 1
    delete(member, called)


def test_no_more_run_at_once_than_allowed(member: Member, experiment: str) -> None:
    long_ago = (datetime.now(UTC) - timedelta(seconds=100)).isoformat()
    trigger = {"periodic_schedule": {"interval_second": "10", "start_time": long_ago}}
    fields = {"trigger": trigger, "max_concurrency": "2", "pipeline_spec": spec_of(endless)}
    called = create(member, experiment, **fields).json()["recurring_run_id"]
    member.until(lambda: len(runs_of(member, called)) == 2, "two runs of a recurring run")
    first, second = runs_of(member, called)
    member.wait(first["run_id"], "RUNNING")
    assert len(runs_of(member, called)) == 2
    member.kfp.terminate_run(first["run_id"])
    member.until(lambda: len(runs_of(member, called)) == 3, "another run after one has ended")
    third = runs_of(member, called)[2]
    member.wait(third["run_id"], "RUNNING")
    delete(member, called)
    left = [str(run["run_id"]) for run in (second, third)]
    member.until(lambda: not any(member.pods(run) for run in left), "their pods to be gone")
    for run in left:  # their Workflows went with it, which the persistence agent ignores
        assert member.kfp.get_run(run).state == "RUNNING"


def test_the_sdk_understands_it(member: Member, experiment: str, tmp_path: Path) -> None:
    from kfp import compiler

    package = str(tmp_path / "greeting.yaml")
    compiler.Compiler().compile(greeting, package)
    made = member.kfp.create_recurring_run(
        experiment,
        job_name=name("sdk"),
        description="größer",
        cron_expression="0 0 9 ? * MON-FRI",
        pipeline_package_path=package,
        max_concurrency=3,
        enabled=False,
    )
    found = member.kfp.get_recurring_run(made.recurring_run_id)
    assert found.trigger.cron_schedule.cron == "0 0 9 ? * MON-FRI"
    assert (found.description, found.max_concurrency, found.status) == ("größer", "3", "DISABLED")
    member.kfp.enable_recurring_run(made.recurring_run_id)
    listed = member.kfp.list_recurring_runs(experiment_id=experiment).recurring_runs
    assert [(one.recurring_run_id, one.status) for one in listed] == [
        (made.recurring_run_id, "ENABLED")
    ]
    member.kfp.delete_recurring_run(made.recurring_run_id)
    assert not member.kfp.list_recurring_runs(experiment_id=experiment).recurring_runs


def test_lists_are_ordered_and_filtered(member: Member, experiment: str) -> None:
    names = [name("b"), name("a"), name("c")]
    for one in names:
        create(member, experiment, display_name=one)
    query: dict[str, Any] = {"experiment_id": experiment, "sort_by": "display_name desc"}
    listed = member.call("GET", "recurringruns", params={**query, "page_size": 2}).json()
    assert [one["display_name"] for one in listed["recurringRuns"]] == sorted(names)[:0:-1]
    rest = {**query, "page_token": listed["next_page_token"]}
    assert len(member.call("GET", "recurringruns", params=rest).json()["recurringRuns"]) == 1
    predicate = {"key": "display_name", "operation": "IS_SUBSTRING", "string_value": names[1]}
    found = {**query, "filter": json.dumps({"predicates": [predicate]})}
    listed = member.call("GET", "recurringruns", params=found).json()
    assert [one["display_name"] for one in listed["recurringRuns"]] == [names[1]]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_concurrency": "11"}, "at least 1 and at most 10. Received 11"),
        ({"max_concurrency": None}, "at least 1 and at most 10. Received 0"),
        ({"trigger": {"cron_schedule": {"cron": "often"}}}, "Schedule cron is not a supported"),
        ({"trigger": {"cron_schedule": {"cron": ""}}}, "Schedule cron is not a supported"),
        (
            {"trigger": {"periodic_schedule": {"interval_second": "0"}}},
            "schedule interval 0",
        ),
        ({"pipeline_spec": DEFAULTS}, "parameter needed is not optional"),
        ({"experiment_id": "no-such"}, "Experiment no-such not found"),
        ({"colour": "red"}, 'unknown field "colour"'),
        ({"namespace": "elsewhere"}, "instead of 'elsewhere'"),
        ({"mode": "BOGUS"}, 'invalid value for enum field mode: "BOGUS"'),
        ({"mode": 3}, "invalid value for enum field mode: 3"),
        ({"mode": True}, "invalid value for enum field mode: true"),
        ({"status": ""}, "invalid value for enum field status"),
        ({"status": 2}, "invalid value for enum field status"),
        ({"no_catchup": "false"}, 'invalid value for bool field no_catchup: "false"'),
        ({"max_concurrency": 1.5}, "invalid value for int64 field max_concurrency: 1.5"),
        ({"max_concurrency": True}, "invalid value for int64 field max_concurrency"),
        ({"max_concurrency": "9" * 19}, "invalid value for int64 field max_concurrency"),
        ({"trigger": "x"}, 'invalid value for message field trigger: "x"'),
        ({"trigger": [1]}, "invalid value for message field trigger: [1]"),
        ({"trigger": {"periodic_schedule": []}}, "message field periodic_schedule: []"),
        ({"trigger": {"colour": 1}}, 'unknown field "colour"'),
        ({"trigger": {"cron_schedule": {"cron": 5}}}, "string field cron: 5"),
        ({"trigger": NEVER | SECONDLY}, 'parsing "periodic_schedule", oneof trigger is already'),
        ({"trigger": {"periodic_schedule": {"interval_second": 1.5}}}, "int64 field interval"),
        ({"trigger": {"periodic_schedule": {"interval_second": True}}}, "int64 field interval"),
        *(
            (
                {"trigger": {"cron_schedule": {"cron": "@daily", "start_time": time}}},
                "Timestamp value for start_time",
            )
            for time in (
                "2999-01-01T00:00:00",
                "2999-13-01T00:00:00Z",
                "9999-12-31T23:00:00-02:00",
                "2999-01-01",
                5,
                "",
            )
        ),
        ({"pipeline_version_reference": {}}, "oneof pipeline_source is already set"),
    ],
)
def test_what_cannot_be_is_refused(
    member: Member, experiment: str, fields: dict[str, Any], message: str
) -> None:
    answer = create(member, experiment, **fields)
    assert answer.status_code in {400, 404}
    assert message in answer.json()["message"]


def test_an_archived_experiment_stops_its_own(member: Member, experiment: str) -> None:
    called = create(member, experiment).json()["recurring_run_id"]
    member.kfp.archive_experiment(experiment)
    assert member.call("GET", f"recurringruns/{called}").json()["status"] == "DISABLED"
    assert create(member, experiment).status_code == 200  # new ones are no matter of its state


def test_without_a_mode_it_is_switched_off(member: Member, experiment: str) -> None:
    made = create(member, experiment, mode=None, namespace=member.namespace).json()
    assert (made["mode"], made["status"]) == ("DISABLE", "DISABLED")
    assert create(member, experiment, mode=1).json()["mode"] == "ENABLE"


def test_times_are_told_in_utc(member: Member, experiment: str) -> None:
    schedule = {"interval_second": 60.0, "startTime": "2999-01-01T00:30:00+01:00"}
    made = create(member, experiment, trigger={"periodicSchedule": schedule}).json()
    found = {"interval_second": "60", "start_time": "2998-12-31T23:30:00Z"}
    assert made["trigger"] == {"periodic_schedule": found}


@pytest.mark.parametrize("policy", ["SOMETIMES", "9"])
def test_it_is_deleted_in_known_ways_only(member: Member, experiment: str, policy: str) -> None:
    called = create(member, experiment).json()["recurring_run_id"]
    answer = member.call("DELETE", f"recurringruns/{called}", params={"propagation_policy": policy})
    assert answer.status_code == 400
    assert "enum field propagation_policy" in answer.json()["message"]
    delete(member, called, propagation_policy="3")


def test_strangers_may_not(member: Member, stranger: Member, experiment: str) -> None:
    called = create(member, experiment).json()["recurring_run_id"]
    assert create(stranger, experiment).status_code == 403
    for verb, path in (("GET", ""), ("POST", ":enable"), ("POST", ":disable"), ("DELETE", "")):
        answer = stranger.call(verb, f"recurringruns/{called}{path}")
        assert answer.status_code == 403, (verb, path)
    assert member.call("GET", f"recurringruns/{called}").status_code == 200
