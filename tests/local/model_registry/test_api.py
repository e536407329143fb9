"""The REST API of a registry, in the words that a real one of v0.3.8 has for the same requests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kubeflow.local.model_registry.api import ROOT, RegistryApi
from pytest_kubeflow.local.model_registry.records import Records


class Asker:
    """Requests below the root of the API."""

    def __init__(self, records: Records) -> None:
        self._app = RegistryApi(records).app

    def __call__(self, method: str, path: str, body: Any = None, content: str = "") -> Any:
        """Status and JSON of the answer."""
        given = {"content": content.encode()} if content else {"json": body}
        answer = asyncio.run(self._asked(method, f"{ROOT}/{path}", **given))
        kind = answer.headers.get("content-type", "")
        return answer.status_code, answer.json() if kind.startswith("application/json") else None

    async def _asked(self, method: str, path: str, **given: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://registry") as http:
            return await http.request(method, path, **given)


@pytest.fixture
def ask() -> Iterator[Asker]:
    records = Records(":memory:")
    yield Asker(records)
    records.close()


def bad(message: str, status: int = 400) -> Any:
    return status, {"code": "Bad Request", "message": message}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, bad("required field 'name' is zero value.", 422)),
        ({"name": ""}, bad("required field 'name' is zero value.", 422)),
        ({"name": "c", "bad": 1}, bad('json: unknown field "bad"')),
        ({"name": "c", "state": "DEAD"}, bad("DEAD is not a valid RegisteredModelState")),
        (
            {"name": 5},
            bad(
                "json: cannot unmarshal number into Go struct field RegisteredModelCreate.name of "
                "type string"
            ),
        ),
        (
            [1],
            bad("json: cannot unmarshal array into Go value of type openapi.RegisteredModelCreate"),
        ),
        (
            {"name": "c", "tasks": "t"},
            bad(
                "json: cannot unmarshal string into Go struct field RegisteredModelCreate.tasks of "
                "type []string"
            ),
        ),
        (
            {"name": "c", "customProperties": {"k": 5}},
            bad("failed to unmarshal JSON into map for the discriminator lookup"),
        ),
        (
            {"name": "c", "customProperties": {"k": {"string_value": "v"}}},
            bad(
                "error setting field CustomProperties: bad request: metadataType not found for k: "
                "{<nil> <nil> <nil> <nil> <nil> <nil>}: bad request"
            ),
        ),
    ],
)
def test_what_is_no_model_is_refused(ask: Asker, body: Any, message: Any) -> None:
    assert ask("POST", "registered_models", body) == message
    assert ask("GET", "registered_models")[1]["items"] == []


def typed(kind: str, value: Any) -> Any:
    field = {"Int": "int_value", "Double": "double_value", "String": "string_value"}[kind]
    return {"metadataType": f"Metadata{kind}Value", field: value}


OUT_OF_RANGE = (
    "error setting field CustomProperties: bad request: unable to decode as int64 invalid numeric "
    'string: strconv.ParseInt: parsing "{}": value out of range for key k: bad request'
)
WRONG_TYPE = (
    "failed to unmarshal MetadataValue as Metadata{kind}Value: json: cannot unmarshal {found} into "
    "Go struct field Metadata{kind}Value.{field} of type {wanted}"
)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (typed("Int", str(2**31)), OUT_OF_RANGE.format(2**31)),
        (typed("Int", str(-(2**31) - 1)), OUT_OF_RANGE.format(-(2**31) - 1)),
        (typed("Int", str(2**70)), OUT_OF_RANGE.format(2**70)),
        (typed("Int", "9" * 5000), OUT_OF_RANGE.format("9" * 5000)),
        (
            typed("Int", 5),
            WRONG_TYPE.format(kind="Int", found="number", field="int_value", wanted="string"),
        ),
        (
            typed("Double", "x"),
            WRONG_TYPE.format(
                kind="Double", found="string", field="double_value", wanted="float64"
            ),
        ),
        (
            typed("String", True),
            WRONG_TYPE.format(kind="String", found="bool", field="string_value", wanted="string"),
        ),
        (
            typed("Double", 10**400),
            "failed to unmarshal JSON into map for the discriminator lookup",
        ),
        (typed("Double", float("nan")), "invalid character 'N' looking for beginning of value"),
        (typed("String", "a\0b"), "Request body contains null bytes which are not allowed"),
    ],
)
def test_what_no_property_is_kept_as_is_refused(ask: Asker, value: Any, message: str) -> None:
    body = json.dumps({"name": "c", "customProperties": {"k": value}})
    assert ask("POST", "registered_models", content=body) == bad(message)
    assert ask("GET", "registered_models") == ask("GET", "registered_models?pageSize=0")


def test_properties_are_kept_as_their_types_have_them(ask: Asker) -> None:
    half = {"k\ud800": typed("String", "a\ud800b\U0001f600"), "i": typed("Int", "+7")}
    half["none"] = {"metadataType": "MetadataStringValue", "other": 1}
    body = json.dumps({"name": "n\udc00", "customProperties": half})
    status, made = ask("POST", "registered_models", content=body)
    assert (status, made["name"]) == (201, "n\ufffd")
    assert made["customProperties"] == {
        "k\ufffd": typed("String", "a\ufffdb\U0001f600"),
        "i": typed("Int", "7"),
        "none": typed("String", ""),
    }
    assert ask("GET", "registered_models")[1]["items"] == [made]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("registered_models/99999999999", "invalid registered model ID: {}: bad request"),
        ("registered_models?pageSize=99999999999", "invalid numeric string: {}: bad request"),
    ],
)
def test_numbers_have_32_bits(ask: Asker, path: str, message: str) -> None:
    range_ = 'strconv.ParseInt: parsing "99999999999": value out of range'
    assert ask("GET", path) == bad(message.format(range_))
    version = {"name": "v", "registeredModelId": "99999999999"}
    assert ask("POST", "model_versions", version)[0] == 400


def test_what_is_no_json_is_refused(ask: Asker) -> None:
    assert ask("POST", "registered_models", content="{") == bad("unexpected EOF")


def test_a_model_is_kept_and_found(ask: Asker) -> None:
    properties = {"score": {"metadataType": "MetadataDoubleValue", "double_value": 0.5}}
    given = {"name": "a", "externalId": "e", "tasks": ["x"], "customProperties": properties}
    status, made = ask("POST", "registered_models", given)
    assert status == 201
    times = {made.pop("createTimeSinceEpoch"), made.pop("lastUpdateTimeSinceEpoch")}
    assert len(times) == 1
    assert made == {**given, "id": "1", "state": "LIVE"}
    for path in ("registered_models/1", "registered_model?name=a", "registered_model?externalId=e"):
        assert ask("GET", path)[1]["id"] == "1"
    assert ask("GET", "registered_models/9") == (
        404,
        {"code": "Not Found", "message": "no registered model found for id 9: not found"},
    )
    assert ask("GET", "registered_models/x")[1]["message"] == (
        'invalid registered model ID: strconv.ParseInt: parsing "x": invalid syntax: bad request'
    )
    assert ask("GET", "registered_model?name=z")[1]["message"] == (
        "no registered models found for name=z, externalId=: not found"
    )
    assert ask("GET", "registered_model")[0] == 400


def test_a_name_is_taken_once_and_costs_a_number(ask: Asker) -> None:
    ask("POST", "registered_models", {"name": "a"})
    assert ask("POST", "registered_models", {"name": "a"}) == (
        409,
        {
            "code": "Conflict",
            "message": "registered model with name a already exists: conflict",
        },
    )
    assert ask("POST", "registered_models", {"name": "b"})[1]["id"] == "3"


def test_who_changes_one_and_names_no_state_makes_it_live_again(ask: Asker) -> None:
    """So the real one does: an update has the default of its schema."""
    ask("POST", "registered_models", {"name": "a"})
    assert ask("PATCH", "registered_models/1", {"state": "ARCHIVED"})[1]["state"] == "ARCHIVED"
    changed = ask("PATCH", "registered_models/1", {"description": "d"})[1]
    assert (changed["state"], changed["description"]) == ("LIVE", "d")
    assert ask("PATCH", "registered_models/1", {"name": "b"}) == bad('json: unknown field "name"')


def test_versions_belong_to_models(ask: Asker) -> None:
    for name in "ab":
        ask("POST", "registered_models", {"name": name})
    version = {"name": "v", "registeredModelId": "1"}
    assert ask("POST", "model_versions", version)[0] == 201
    assert ask("POST", "model_versions", version)[0] == 409
    assert ask("POST", "model_versions", {**version, "registeredModelId": "2"})[0] == 201
    assert ask("POST", "registered_models/2/versions", {**version, "name": "w"})[0] == 201
    assert ask("POST", "model_versions", {"name": "v"})[0] == 422
    listed = ask("GET", "registered_models/2/versions")[1]["items"]
    assert [one["name"] for one in listed] == ["v", "w"]
    found = ask("GET", "model_version?name=v&parentResourceId=1")[1]
    assert found["registeredModelId"] == "1"
    assert ask("GET", "model_version?name=v")[0] == 400


def test_artifacts_are_of_a_type_that_stays(ask: Asker) -> None:
    ask("POST", "registered_models", {"name": "a"})
    ask("POST", "model_versions", {"name": "v", "registeredModelId": "1"})
    path = "model_versions/2/artifacts"
    model = {"artifactType": "model-artifact", "name": "m", "uri": "s3://b/k"}
    status, made = ask("POST", path, model)
    assert (status, made["artifactType"], made["id"]) == (201, "model-artifact", "1")
    assert "state" not in made
    assert ask("POST", path, {**model, "id": "1", "uri": "s3://n"})[0] == 200
    assert ask("POST", path, {"artifactType": "doc-artifact", "uri": "s3://d"})[0] == 201
    assert ask("POST", path, {"name": "q"})[0] == 400
    assert ask("POST", "model_versions/9/artifacts", model)[0] == 404
    kinds = [one["artifactType"] for one in ask("GET", path)[1]["items"]]
    assert kinds == ["model-artifact", "doc-artifact"]
    assert len(ask("GET", f"{path}?artifactType=doc-artifact")[1]["items"]) == 1
    changed = ask("PATCH", "artifacts/2", {"artifactType": "model-artifact"})
    assert changed == bad(
        "cannot change artifact type from 'doc-artifact' to 'model-artifact': artifact type is "
        "immutable"
    )
    assert ask("GET", "model_artifacts/2")[0] == 404
    assert ask("GET", "artifacts/1")[1]["uri"] == "s3://n"


def test_what_is_served_names_its_model_and_its_version(ask: Asker) -> None:
    ask("POST", "registered_models", {"name": "a"})
    ask("POST", "model_versions", {"name": "v", "registeredModelId": "1"})
    assert ask("POST", "serving_environments", {"name": "prod"})[1]["id"] == "3"
    service = {"name": "s", "registeredModelId": "1", "servingEnvironmentId": "3"}
    assert ask("POST", "inference_services", service)[1]["desiredState"] == "DEPLOYED"
    assert ask("GET", "inference_services/4/version")[1]["name"] == "v"
    assert ask("GET", "inference_services/4/model")[1]["name"] == "a"
    assert ask("POST", "inference_services", service)[1]["message"] == (
        "inference service with name 3:s already exists: conflict"
    )
    other = {**service, "servingEnvironmentId": "77"}
    assert ask("POST", "inference_services", other)[0] == 404


def test_nothing_is_deleted(ask: Asker) -> None:
    ask("POST", "registered_models", {"name": "a"})
    assert ask("DELETE", "registered_models/1")[0] == 405
    assert ask("GET", "nothing")[0] == 404


@given(st.integers(1, 7), st.integers(1, 4), st.booleans())
def test_pages_are_the_list(count: int, size: int, descending: bool) -> None:
    records = Records(":memory:")
    ask = Asker(records)
    for number in range(count):
        ask("POST", "registered_models", {"name": f"m{number}"})
    order = "DESC" if descending else "ASC"
    names, token = [], ""
    while True:
        path = f"registered_models?pageSize={size}&orderBy=ID&sortOrder={order}"
        _, page = ask("GET", f"{path}&nextPageToken={token}")
        assert page["size"] == len(page["items"]) <= size
        names += [one["name"] for one in page["items"]]
        token = page["nextPageToken"]
        if not token:
            break
    expected = [f"m{number}" for number in range(count)]
    assert names == (expected[::-1] if descending else expected)
    records.close()


def test_a_registry_is_there_again(tmp_path: Path) -> None:
    first = Records(tmp_path / "registry.db")
    Asker(first)("POST", "registered_models", {"name": "a", "externalId": "e"})
    first.close()
    second = Records(tmp_path / "registry.db")
    ask = Asker(second)
    assert ask("GET", "registered_model?externalId=e")[1]["name"] == "a"
    assert ask("POST", "registered_models", {"name": "b"})[1]["id"] == "2"
    second.close()
