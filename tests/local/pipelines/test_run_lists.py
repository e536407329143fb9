"""Lists of runs: ordered, filtered, in pages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.submission import submit


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
    for order in ("name", "display_name ASC", "DISPLAY_NAME"):
        assert listed(member, experiment_id=five[0], sort_by=order)[0] == ascending
    assert listed(member, experiment_id=five[0], sort_by="name desc")[0] == ascending[::-1]
    for order in ("", "created_at", "created_at asc", "created_at desc"):
        # Of one second, the ids decide.
        runs = listed(member, experiment_id=five[0], sort_by=order)[1]["runs"]
        keys = [(one["created_at"], one["run_id"]) for one in runs]
        assert keys == sorted(keys, reverse=order.endswith("desc"))


def test_experiments_are_ordered_by_their_last_run(
    member: Member, five: tuple[str, list[str]], experiment: str
) -> None:
    query = {"namespace": member.namespace, "page_size": 200, "sort_by": "last_run_created_at"}
    answer = member.call("GET", "experiments", params=query)
    assert answer.status_code == 200, answer.text
    ids = [one["experiment_id"] for one in answer.json()["experiments"]]
    assert ids.index(experiment) < ids.index(five[0])  # the one without runs comes first


def test_lists_are_filtered(member: Member, five: tuple[str, list[str]]) -> None:
    def found(*rules: dict[str, Any]) -> list[str]:
        return listed(member, experiment_id=five[0], sort_by="name", filter=predicates(*rules))[0]

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
    # A time that comes as a text is the number that the text begins with, to the database.
    by_text = {"key": "created_at", "operation": "GREATER_THAN", "string_value": "2026-01-01"}
    assert len(found(by_text)) == 5
    assert found(by_text | {"string_value": "99999999999"}) == []
    assert found({"key": "name", "operation": "EQUALS", "string_value": "R3"}) == ["r3"]


def test_the_client_lists_by_its_own_filter(member: Member, five: tuple[str, list[str]]) -> None:
    rule = {"key": "storage_state", "operation": 1, "stringValue": "ARCHIVED"}
    answer = member.kfp.list_runs(
        namespace=member.namespace, experiment_id=five[0], sort_by="name", filter=predicates(rule)
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
    ("query", "message"),
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
    member: Member, five: tuple[str, list[str]], query: dict[str, Any], message: str
) -> None:
    answer = member.call("GET", "runs", params={"experiment_id": five[0], **query})
    assert answer.status_code == 400
    assert answer.json()["code"] == 3
    assert message in answer.json()["message"]
