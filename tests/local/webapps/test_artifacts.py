"""Artifacts by the pipelines' UI: whose they are, and whom they are given to."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
import requests

from pytest_kubeflow.local.cluster import Endpoints
from tests.local.webapps.conftest import Person, eventually

BUCKET = "mlpipeline"


def put(cluster: Endpoints, key: str, content: bytes) -> None:
    import io

    from minio import Minio

    client = Minio(
        cluster.s3_endpoint.removeprefix("http://"),
        access_key=cluster.s3_access_key,
        secret_key=cluster.s3_secret_key,
        secure=False,
        region="us-east-1",
    )
    client.put_object(BUCKET, key, io.BytesIO(content), len(content))


def get(person: Person, key: str, namespace: str, **more: str) -> requests.Response:
    query = {"source": "minio", "bucket": BUCKET, "key": key, "namespace": namespace, **more}
    return person.ask("GET", "/pipeline/artifacts/get", params=query)


@pytest.fixture
def mine(cluster: Endpoints, owner: Person) -> str:
    """The key of an object in the owner's part of the bucket."""
    eventually(lambda: owner.ask("GET", "/api/workgroup/exists").json()["hasWorkgroup"])
    key = f"private-artifacts/{owner.namespace}/a folder/ä+b.txt"
    put(cluster, key, b"for the owner")
    return key


def test_the_owner_gets_it_by_query_and_by_path(owner: Person, mine: str) -> None:
    assert get(owner, mine, owner.namespace).content == b"for the owner"
    assert get(owner, mine, owner.namespace, peek="3").content == b"for"
    path = f"/pipeline/artifacts/minio/{BUCKET}/{quote(mine)}?namespace={owner.namespace}"
    assert owner.ask("GET", path).content == b"for the owner"


def test_nobody_else_does(owner: Person, other: Person, mine: str) -> None:
    refused = get(other, mine, owner.namespace)
    assert refused.status_code == 403
    assert refused.text == f"User is not authorized to GET VIEWERS in namespace {owner.namespace}"
    claimed = get(other, mine, other.namespace)
    assert claimed.status_code == 403
    assert claimed.text == "Artifact does not belong to the requested namespace"
    anonymous = requests.get(f"{owner.url}/pipeline/artifacts/get", timeout=10)
    assert anonymous.status_code == 403  # oauth2-proxy's page


@pytest.mark.parametrize(
    "trick",
    [
        "private-artifacts/{theirs}/../{mine}/x",
        "private-artifacts/{theirs}//x",
        "private/{mine}/x",
        "x",
    ],
)
def test_keys_that_lead_elsewhere_are_refused(owner: Person, other: Person, trick: str) -> None:
    key = trick.format(theirs=other.namespace, mine=owner.namespace)
    assert get(other, key, other.namespace).status_code == 403


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"namespace": ""}, 400),
        ({"source": "tape"}, 500),
        ({"bucket": ""}, 500),
    ],
)
def test_bad_requests_are_told(
    owner: Person, mine: str, change: dict[str, Any], status: int
) -> None:
    query = {"source": "minio", "bucket": BUCKET, "key": mine, "namespace": owner.namespace}
    answer = owner.ask("GET", "/pipeline/artifacts/get", params={**query, **change})
    assert answer.status_code == status


def test_what_is_not_there_is_told(owner: Person) -> None:
    key = f"private-artifacts/{owner.namespace}/nothing"
    answer = get(owner, key, owner.namespace)
    assert (answer.status_code, "does not exist" in answer.text) == (500, True)
