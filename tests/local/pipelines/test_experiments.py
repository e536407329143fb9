"""Experiments, by the real kfp.Client."""

from __future__ import annotations

import pytest
from kfp_server_api import ApiException

from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting


def test_it_keeps_what_it_was_made_with(member: Member) -> None:
    called = name("e")
    made = member.kfp.create_experiment(called, description="näh", namespace=member.namespace)
    by_id = member.kfp.get_experiment(experiment_id=made.experiment_id)
    by_name = member.kfp.get_experiment(experiment_name=called, namespace=member.namespace)
    assert by_id == by_name == made
    assert (made.display_name, made.description) == (called, "näh")
    assert (made.namespace, made.storage_state) == (member.namespace, "AVAILABLE")
    assert made.last_run_created_at.year == 1970


def test_the_client_takes_the_one_that_is_there(member: Member) -> None:
    called = name("e")
    first = member.kfp.create_experiment(called, namespace=member.namespace)
    again = member.kfp.create_experiment(called, namespace=member.namespace)
    assert first.experiment_id == again.experiment_id


def test_a_name_is_taken_once_in_a_namespace(member: Member, stranger: Member) -> None:
    called = name("e")
    body = {"display_name": called, "namespace": member.namespace}
    assert member.call("POST", "experiments", json=body).status_code == 200
    second = member.call("POST", "experiments", json=body)
    assert second.status_code == 409
    assert second.json()["code"] == 6
    assert f"The name {called} already exists" in second.json()["details"][0]["message"]
    elsewhere = body | {"namespace": stranger.namespace}
    assert stranger.call("POST", "experiments", json=elsewhere).status_code == 200


def test_lists_are_of_one_namespace(member: Member, stranger: Member) -> None:
    called = name("e")
    member.kfp.create_experiment(called, namespace=member.namespace)

    def names(who: Member) -> set[str]:
        listed = who.kfp.list_experiments(namespace=who.namespace, page_size=200).experiments
        return {one.display_name for one in listed}

    assert called in names(member)
    assert called not in names(stranger)


def test_archiving_takes_the_runs_along(member: Member, experiment: str) -> None:
    run_id = member.start(greeting, experiment)

    def states() -> tuple[str, str]:
        return (
            member.kfp.get_experiment(experiment_id=experiment).storage_state,
            member.kfp.get_run(run_id).storage_state,
        )

    assert states() == ("AVAILABLE", "AVAILABLE")
    member.kfp.archive_experiment(experiment)
    assert states() == ("ARCHIVED", "ARCHIVED")
    refused = member.call("POST", f"runs/{run_id}:unarchive")
    assert refused.status_code == 400
    assert refused.json()["code"] == 9
    assert "must be un-archived first" in refused.json()["message"]
    member.kfp.unarchive_experiment(experiment)
    assert states() == ("AVAILABLE", "ARCHIVED")  # runs stay where they are
    member.kfp.unarchive_run(run_id)
    assert states() == ("AVAILABLE", "AVAILABLE")


def test_a_deleted_one_leaves_its_runs_behind(member: Member, experiment: str) -> None:
    run_id = member.start(greeting, experiment)
    member.kfp.archive_run(run_id)
    member.kfp.delete_experiment(experiment)
    assert member.call("GET", f"experiments/{experiment}").status_code == 404
    run = member.wait(run_id)
    assert (run.state, run.experiment_id) == ("SUCCEEDED", experiment)
    refused = member.call("POST", f"runs/{run_id}:unarchive")
    assert refused.status_code == 404
    assert f"Experiment {experiment} not found" in refused.json()["message"]
    member.kfp.delete_run(run_id)
    with pytest.raises(ApiException) as caught:
        member.kfp.delete_experiment(experiment)
    assert caught.value.status == 404


def test_it_knows_when_its_last_run_was_made(member: Member, experiment: str) -> None:
    run_id = member.start(greeting, experiment)
    made = member.kfp.get_run(run_id).created_at
    assert member.kfp.get_experiment(experiment_id=experiment).last_run_created_at == made


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Experiment must have a non-empty name"),
        ({"display_name": "x" * 129}, "Experiment.Name length cannot exceed 128"),
    ],
)
def test_a_name_that_is_none_is_an_internal_error(
    member: Member, body: dict[str, object], message: str
) -> None:
    """As of KFP 2.17: what is wrong stands in the message alone."""
    answer = member.call("POST", "experiments", json=body)
    assert answer.status_code == 500
    assert answer.json()["message"] == (
        "[ExperimentServer]: Failed to create a experiment due to conversion error: "
        "InternalServerError: Failed to convert API experiment to model experiment: "
        f"Invalid input error: {message}"
    )
    assert answer.json()["details"][0]["message"] == "Internal Server Error"


def test_a_name_is_taken_in_whatever_case(member: Member) -> None:
    """The database compares names without regard to case and accents."""
    taken = name("café")
    member.kfp.create_experiment(taken, namespace=member.namespace)
    for other in (taken.upper(), taken.replace("é", "e")):
        body = {"display_name": other, "namespace": member.namespace}
        answer = member.call("POST", "experiments", json=body)
        assert answer.status_code == 409
        assert f"The name {other} already exists" in answer.json()["message"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"display_name": "x"}, "cannot have an empty namespace in multi-user mode"),
        ({"display_name": "x", "colour": "red"}, 'unknown field "colour"'),
        ({"display_name": 5}, "invalid value for string field display_name"),
    ],
)
def test_what_cannot_be_made_is_refused(
    member: Member, body: dict[str, object], message: str
) -> None:
    answer = member.call("POST", "experiments", json=body)
    assert answer.status_code == 400
    assert message in answer.json()["message"]
