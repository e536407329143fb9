"""The lists of the API of KFP 1, of what was made by the API of today."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting
from tests.local.pipelines.submission import submit
from tests.local.pipelines.wellformed import spec_of


def listed(member: Member, kind: str, **query: str) -> dict[str, Any]:
    url = f"{member.host}/pipeline/apis/v1beta1/{kind}"
    answer = member.http.get(url, params=query, timeout=20)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def of(member: Member, kind: str = "NAMESPACE", reference: str = "") -> dict[str, str]:
    return {
        "resource_reference_key.type": kind,
        "resource_reference_key.id": reference or member.namespace,
    }


def owner(kind: str, one: str) -> dict[str, Any]:
    return {"key": {"type": kind, "id": one}, "relationship": "OWNER"}


def test_runs_of_an_experiment(member: Member, experiment: str) -> None:
    made = [submit(member, experiment).json() for _ in range(3)]
    for one in made:
        member.wait(one["run_id"])
    query = of(member, "EXPERIMENT", experiment)
    found = listed(member, "runs", sort_by="name desc", page_size="2", **query)
    assert found["total_size"] == 3
    rest = listed(member, "runs", page_token=found["next_page_token"], **query)
    shown = [*found["runs"], *rest["runs"]]
    assert [one["name"] for one in shown] == sorted(
        (one["display_name"] for one in made), reverse=True
    )
    (first,) = [one for one in shown if one["id"] == made[0]["run_id"]]
    assert first["status"] == "Succeeded"
    assert first["resource_references"] == [
        owner("NAMESPACE", member.namespace),
        owner("EXPERIMENT", experiment),
    ]
    manifest = json.loads(first["pipeline_spec"]["pipeline_manifest"])
    assert manifest["pipelineInfo"]["name"] == "greeting"
    wanted = {"op": "EQUALS", "key": "name", "string_value": first["name"]}
    text = json.dumps({"predicates": [wanted]})
    assert listed(member, "runs", filter=text, **query)["runs"] == [first]


def test_experiments_and_jobs(member: Member, experiment: str) -> None:
    found = listed(member, "experiments", page_size="200", **of(member))["experiments"]
    (mine,) = [one for one in found if one["id"] == experiment]
    assert mine["storage_state"] == "STORAGESTATE_AVAILABLE"
    assert mine["resource_references"] == [owner("NAMESPACE", member.namespace)]
    body = {
        "display_name": name("r"),
        "experiment_id": experiment,
        "pipeline_spec": spec_of(greeting),
        "max_concurrency": "1",
        "mode": "DISABLE",
        "trigger": {"cron_schedule": {"cron": "0 0 1 1 *"}},
    }
    made = member.call("POST", "recurringruns", json=body).json()
    (job,) = listed(member, "jobs", **of(member, "EXPERIMENT", experiment))["jobs"]
    assert (job["id"], job["name"], job["status"]) == (
        made["recurring_run_id"],
        body["display_name"],
        "DISABLED",
    )
    assert job["trigger"] == {"cron_schedule": {"cron": "0 0 1 1 *"}}
    assert "enabled" not in job


def test_pipelines_and_their_versions(member: Member) -> None:
    called = name("p")
    body = {"name": called, "namespace": member.namespace, "description": "said"}
    made = member.call("POST", "pipelines", json=body).json()
    wanted = {"op": "EQUALS", "key": "name", "string_value": called}
    text = json.dumps({"predicates": [wanted]})
    (one,) = listed(member, "pipelines", filter=text, **of(member))["pipelines"]
    assert (one["id"], one["name"], one["description"]) == (made["pipeline_id"], called, "said")
    key = {"resource_key.type": "PIPELINE", "resource_key.id": made["pipeline_id"]}
    assert listed(member, "pipeline_versions", **key) == {}


@pytest.mark.parametrize("kind", ["experiments", "runs", "jobs", "pipelines"])
def test_of_a_namespace_that_is_not_ones_own(stranger: Member, member: Member, kind: str) -> None:
    url = f"{member.host}/pipeline/apis/v1beta1/{kind}"
    refused = stranger.http.get(url, params=of(member), timeout=20)
    assert refused.status_code == 403
