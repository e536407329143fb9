"""What counts as Kubeflow Pipelines: an answer that any server could give does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from pytest_kubeflow.cluster.probe import PipelinesApi, find_api
from pytest_kubeflow.errors import ClusterUnreachable
from tests.cluster.web import Answer, web

LISTED = {"experiments": [{"experiment_id": "7e1c", "display_name": "Default"}], "total_size": 1}


def find(health: Any, experiments: Any) -> Any:
    def answer(path: str) -> Answer:
        asked = path.partition("?")[0]
        found = {"/apis/v2beta1/healthz": health, "/apis/v2beta1/experiments": experiments}
        body = found.get(asked)
        status = 404 if body is None else 200
        return status, {"Content-Type": "application/json"}, json.dumps(body).encode()

    with web(answer) as port, requests.Session() as session:
        return find_api(session, f"http://127.0.0.1:{port}")


@pytest.mark.parametrize(
    ("health", "multi_user"),
    [
        ({"multi_user": True}, True),
        ({"multi_user": False}, False),
        ({"pipeline_store": "x"}, False),
    ],
)
def test_health_tells_that_it_is(health: Any, multi_user: bool) -> None:
    found = find(health, None)
    assert isinstance(found, PipelinesApi)
    assert found.multi_user is multi_user


def test_old_releases_answer_nothing_and_have_an_experiment() -> None:
    found = find({}, LISTED)
    assert isinstance(found, PipelinesApi)
    assert not found.multi_user


@pytest.mark.parametrize(
    "experiments",
    [None, {}, [], {"experiments": []}, {"experiments": {}}, {"experiments": [{}, "x"]}],
    ids=json.dumps,
)
def test_who_answers_nothing_and_has_none_is_not_it(experiments: Any) -> None:
    with pytest.raises(ClusterUnreachable, match=r"there is no Kubeflow at .*json\) '\{\}'"):
        find({}, experiments)
