"""Who may do what, each refusal beside somebody who may; and answers to bad requests."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from pytest_kubeflow.local.cluster import Endpoints, LocalKubeflow
from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting
from tests.local.pipelines.wellformed import spec_of


def test_health_is_told(member: Member) -> None:
    found = member.call("GET", "healthz")
    assert found.status_code == 200
    # As the UI server tells it, which answers for the API server on a platform.
    assert found.json().items() >= {"multi_user": True, "pipelineStore": "database"}.items()
    assert found.json()["apiServerReady"] is True


def test_who_has_no_token_stays_outside(member: Member) -> None:
    url = f"{member.host}/pipeline/apis/v2beta1/healthz"
    assert requests.get(url, timeout=20, allow_redirects=False).status_code in {302, 401, 403}
    bad = {"Authorization": "Bearer nothing"}
    assert requests.get(url, headers=bad, timeout=20).status_code == 401
    assert member.http.get(url, timeout=20).status_code == 200


def test_the_user_header_is_the_gateways_own(member: Member, stranger: Member) -> None:
    owner = f"system:serviceaccount:{member.namespace}:default-editor"
    path = f"experiments?namespace={member.namespace}"
    forged = stranger.call("GET", path, headers={"kubeflow-userid": owner})
    assert forged.status_code == 403
    assert member.call("GET", path).status_code == 200


@pytest.mark.parametrize("what", ["experiments", "runs", "pipelines"])
def test_foreign_namespaces_are_not_listed(member: Member, stranger: Member, what: str) -> None:
    query = {"namespace": member.namespace}
    assert member.call("GET", what, params=query).status_code == 200
    refused = stranger.call("GET", what, params=query)
    assert refused.status_code == 403
    body = refused.json()
    assert body["code"] == 7
    found = body["details"][0]["message"]
    assert f"User 'system:serviceaccount:{stranger.namespace}:default-editor'" in found
    assert f"Namespace:{member.namespace},Verb:list" in found


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("GET", ""),
        ("POST", ":archive"),
        ("POST", ":unarchive"),
        ("POST", ":terminate"),
        ("POST", ":retry"),
        ("DELETE", ""),
    ],
)
def test_foreign_runs_are_not_touched(
    member: Member, stranger: Member, experiment: str, method: str, action: str
) -> None:
    run_id = member.start(greeting, experiment)
    member.wait(run_id)
    assert stranger.call(method, f"runs/{run_id}{action}").status_code == 403
    mine = member.call(method, f"runs/{run_id}{action}")
    # What cannot be done to a run that has succeeded is refused for that reason.
    assert mine.status_code == {":terminate": 400, ":retry": 409}.get(action, 200)


def test_runs_are_not_made_in_foreign_experiments(
    member: Member, stranger: Member, experiment: str
) -> None:
    body = {
        "display_name": name("r"),
        "experiment_id": experiment,
        "pipeline_spec": spec_of(greeting),
    }
    assert stranger.call("POST", "runs", json=body).status_code == 403
    assert member.call("POST", "runs", json=body).status_code == 200


def test_the_claimed_namespace_of_an_experiment_does_not_count(
    member: Member, stranger: Member, experiment: str
) -> None:
    query = {"experiment_id": experiment, "namespace": stranger.namespace}
    assert member.call("GET", "runs", params=query).status_code == 200
    assert stranger.call("GET", "runs", params=query).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "experiments/{id}",
        "runs/{id}",
        "pipelines/{id}",
        "pipelines/{id}/versions",
        "pipelines/{id}/versions/{id}",
        "runs?experiment_id={id}",
    ],
)
def test_what_is_not_there_is_not_found(member: Member, path: str) -> None:
    wanted = name()
    answer = member.call("GET", path.format(id=wanted))
    assert answer.status_code == 404
    body = answer.json()
    assert body["code"] == 5
    assert "ResourceNotFoundError: " in body["message"]
    (detail,) = body["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.Status"
    assert detail["code"] == 5
    assert detail["message"].endswith(f"{wanted} not found")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "invalid JSON"),
        (b"[]", "must be an object"),
        (b'{"display_name": NaN}', "no JSON value"),
        (b"[" * 100_000, "invalid JSON"),
        (rb'{"display_name": "\ud800"}', "surrogates not allowed"),
        (b'{"display_name": "\xed\xa0\x80"}', "invalid continuation byte"),
    ],
)
def test_bodies_that_are_no_message_are_refused(
    member: Member, content: bytes, message: str
) -> None:
    answer = member.call("POST", "experiments", data=content)
    assert answer.status_code == 400
    assert answer.json()["code"] == 3
    assert message in answer.json()["message"]


def test_a_number_that_no_double_holds_is_refused(member: Member, experiment: str) -> None:
    body = {
        "display_name": "x",
        "experiment_id": experiment,
        "pipeline_spec": spec_of(greeting),
        "runtime_config": {"parameters": {"n": 10**400}},
    }
    answer = member.call("POST", "runs", json=body)
    assert answer.status_code == 400
    assert "out of range" in answer.json()["message"]


def test_what_comes_later_says_so(member: Member) -> None:
    answer = member.call("GET", "visualizations/x")
    assert answer.status_code == 501
    assert answer.json()["code"] == 12
    assert "visualizations" in answer.json()["message"]


def test_authorization_can_be_asked_for(member: Member, stranger: Member) -> None:
    query = {"namespace": member.namespace, "resources": "VIEWERS", "verb": "GET"}
    assert stranger.call("GET", "auth", params=query).status_code == 403
    query["resources"] = "RUNS"
    assert member.call("GET", "auth", params=query).status_code == 200


def test_logs_of_foreign_runs_are_not_shown(
    member: Member, stranger: Member, experiment: str
) -> None:
    run_id = member.start(greeting, experiment)
    member.wait(run_id)
    pod = member.details(run_id)["greet"]["pod_name"]
    query = {"podname": pod, "runid": run_id, "podnamespace": member.namespace}

    def ask(who: Member) -> requests.Response:
        return who.http.get(f"{who.host}/pipeline/k8s/pod/logs", params=query, timeout=20)

    assert ask(stranger).status_code == 403
    assert ask(member).status_code == 200


def test_without_users_everybody_may() -> None:
    """A stand-alone installation: no gateway, no namespaces, runs in `kubeflow`."""
    with LocalKubeflow(multi_user=False) as cluster:
        run = _run_alone(cluster.endpoints)
    assert run["state"] == "SUCCEEDED"
    assert run["service_account"] == "pipeline-runner"


def _run_alone(cluster: Endpoints) -> dict[str, Any]:
    import kfp

    with pytest.warns(FutureWarning, match="v2.0.0-beta.2"):
        client = kfp.Client(host=cluster.host)
    made = client.create_run_from_pipeline_func(
        greeting, {}, experiment_name=name("e"), enable_caching=False
    )
    client.wait_for_run_completion(made.run_id, timeout=30, sleep_duration=1)
    answer = requests.get(f"{cluster.host}/apis/v2beta1/runs/{made.run_id}", timeout=20)
    run: dict[str, Any] = answer.json()
    return run
