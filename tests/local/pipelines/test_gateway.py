"""What grpc-gateway, the server of uploads and the UI do with a request by themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ports.portforward import PortForward
from pytest_kubeflow.local.endpoints import Endpoints
from tests.local.pipelines.member import Member, name
from tests.local.pipelines.programs import greeting
from tests.local.pipelines.submission import submit
from tests.local.pipelines.wellformed import spec_of

UI_KEYS = {
    "apiServerCommitHash", "apiServerMultiUser", "apiServerReady", "apiServerTagName", "buildDate",
    "frontendCommitHash", "frontendTagName", "multi_user", "pipelineStore",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(cluster: Endpoints) -> Iterator[str]:
    """The API server itself, without the UI before it."""
    kubernetes = KubernetesClient(cluster.kubeconfig)
    with PortForward(kubernetes, "kubeflow", "ml-pipeline", 8888) as forward:
        yield forward.url
    kubernetes.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "no-such", 404, {"code": 5, "message": "Not Found"}),
        ("GET", "runs/a/b", 404, {"code": 5, "message": "Not Found"}),
        ("GET", "runs/x:archive/y", 404, {"code": 5, "message": "Not Found"}),
        ("PUT", "runs", 501, {"code": 12, "message": "Method Not Allowed"}),
    ],
)
def test_what_has_no_route(
    member: Member, method: str, path: str, status: int, body: dict[str, Any]
) -> None:
    response = member.call(method, path)
    assert (response.status_code, response.json()) == (status, body)


def test_head_is_no_method_of_a_service(member: Member, server: str) -> None:
    response = member.call("HEAD", "runs", params={"namespace": member.namespace})
    assert (response.status_code, response.content) == (501, b"")
    for path in ("v1beta1/healthz", "v2beta1/healthz"):
        assert requests.head(f"{server}/apis/{path}", timeout=20).status_code == 200


def test_health_is_told_by_the_server_and_by_the_ui(member: Member, server: str) -> None:
    found = member.call("GET", "healthz").json()
    assert set(found) == UI_KEYS
    about = {"commit_sha": found["apiServerCommitHash"], "tag_name": "2.17.0", "multi_user": True}
    for path, expected in (
        ("v1beta1/healthz", about),
        ("v2beta1/healthz", about | {"pipeline_store": "database"}),
    ):
        assert requests.get(f"{server}/apis/{path}", timeout=20).json() == expected
    outside = requests.get(f"{server}/k8s/pod/logs?podname=x", timeout=20)
    assert (outside.status_code, outside.text) == (404, "404 page not found\n")


def test_queries_come_in_snake_and_in_camel_case(member: Member, experiment: str) -> None:
    for number in (2, 1):
        assert submit(member, experiment, f"r{number}").status_code == 200

    def listed(**query: Any) -> list[str]:
        answer = member.call("GET", "runs", params=query | {"unknown": "x"})
        return [one["display_name"] for one in answer.json()["runs"]]

    snake = {"experiment_id": experiment, "page_size": 1, "sort_by": "display_name"}
    camel = {"experimentId": experiment, "pageSize": 1, "sortBy": "display_name"}
    assert listed(**snake) == listed(**camel) == ["r1"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("page_size=x", 'parsing field "page_size": strconv.ParseInt: parsing "x": invalid syntax'),
        ("pageSize=1.5", 'strconv.ParseInt: parsing "1.5": invalid syntax'),
        ("page_size=", 'strconv.ParseInt: parsing "": invalid syntax'),
        ("page_size=2147483648", 'strconv.ParseInt: parsing "2147483648": value out of range'),
        ("page_size=" + "9" * 60, "value out of range"),
        ("page_size=1&pageSize=2", 'too many values for field "page_size": 1, 2'),
    ],
)
def test_queries_are_typed(member: Member, query: str, message: str) -> None:
    response = member.call("GET", f"runs?namespace={member.namespace}&{query}")
    assert response.status_code == 400
    body = response.json()
    assert body.keys() == {"code", "message"}
    assert body["code"] == 3
    assert message in body["message"]


@pytest.mark.parametrize("size", [0, 201, 2147483647])
def test_page_sizes_up_to_the_largest_number(member: Member, experiment: str, size: int) -> None:
    query = {"experiment_id": experiment, "page_size": size}
    assert member.call("GET", "runs", params=query).status_code == 200


def test_bodies_are_refused_without_details(member: Member) -> None:
    response = member.call("POST", "experiments", json={"colour": 1})
    assert response.status_code == 400
    assert response.json() == {"code": 3, "message": 'proto: unknown field "colour"'}


def test_times_have_whole_seconds(member: Member, experiment: str) -> None:
    run_id = submit(member, experiment).json()["run_id"]
    member.wait(run_id)
    shown = member.call("GET", f"runs/{run_id}").text
    times = re.findall(r'"[a-z_]+(?:_at|_time)":\s*"([^"]*)"', shown)
    assert len(times) > 10
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one) for one in times)


def test_names_that_differ_in_case_are_next_to_each_other(member: Member) -> None:
    stem = name("case")
    for one in ("b", "A", "C", "a1"):
        body = {"display_name": f"{stem}-{one}", "namespace": member.namespace}
        assert member.call("POST", "experiments", json=body).status_code == 200
    rule = {"key": "name", "operation": "IS_SUBSTRING", "string_value": stem.upper()}
    query = {
        "namespace": member.namespace,
        "sort_by": "name",
        "filter": json.dumps({"predicates": [rule]}),
    }
    found = member.call("GET", "experiments", params=query).json()["experiments"]
    assert [one["display_name"].removeprefix(f"{stem}-") for one in found] == ["A", "a1", "b", "C"]


@pytest.mark.parametrize(
    ("path", "file", "status", "message"),
    [
        ("upload", "p.yaml", 200, ""),
        ("upload", "p.json", 200, ""),
        ("upload", "p.txt", 400, "Failed to read a pipeline spec file"),
        ("upload", "p", 400, "Failed to read a pipeline spec file"),
        ("upload_version", "p.yaml", 400, "Failed to create a pipeline version"),
        ("upload_version", "p.txt", 400, "Failed to create a pipeline version"),
    ],
)
def test_the_name_of_a_file_says_what_it_is(
    member: Member, path: str, file: str, status: int, message: str
) -> None:
    files = {"uploadfile": (file, json.dumps(spec_of(greeting)))}
    query = {"name": name("p"), "namespace": member.namespace, "pipelineid": "none"}
    response = member.call("POST", f"pipelines/{path}", params=query, files=files)
    assert response.status_code == status
    if message:
        body = json.loads(response.text)
        assert body["error_message"] == message
        assert body["error_details"].startswith(message)
        assert response.headers["content-type"].startswith("text/plain")
