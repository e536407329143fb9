"""ML Metadata over gRPC-web, read and written as clients do."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
import requests
from google.protobuf import json_format

from pytest_kubeflow.local.metadata.wire import message_class

Call = Callable[..., Any]
SERVICE = "/ml_metadata.MetadataStoreService/"
BINARY = "application/grpc-web+proto"
OK, INVALID, NOT_FOUND, EXISTS, UNIMPLEMENTED, INTERNAL = 0, 3, 5, 6, 12, 13


class CallError(Exception):
    """gRPC status and message."""


def frames(content: bytes) -> list[tuple[int, bytes]]:
    """The frames of an answer: flags and payload of each."""
    found = []
    while content:
        flags, length = struct.unpack_from(">BI", content)
        found.append((flags, content[5 : 5 + length]))
        assert len(content) >= 5 + length
        content = content[5 + length :]
    return found


def exchange(url: str, method: str, body: bytes, kind: str = BINARY) -> requests.Response:
    headers = {"content-type": kind}
    return requests.post(url + SERVICE + method, data=body, headers=headers, timeout=10)


def answered(content: bytes, method: str) -> Any:
    *messages, (flags, trailers) = frames(content)
    assert flags == 0x80
    found = dict(line.split(":", 1) for line in trailers.decode().splitlines())
    if found["grpc-status"] != "0":
        assert messages == []
        raise CallError(int(found["grpc-status"]), unquote(found.get("grpc-message", "")))
    ((_, payload),) = messages
    return message_class(f"{method}Response").FromString(payload)


@pytest.fixture
def call(url: str) -> Call:
    """Calls a method with the fields of its request; its response, or CallError."""

    def call(method: str, **fields: Any) -> Any:
        request = json_format.ParseDict(fields, message_class(f"{method}Request")())
        payload = request.SerializeToString()
        answer = exchange(url, method, struct.pack(">BI", 0, len(payload)) + payload)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == BINARY
        return answered(answer.content, method)

    return call


def code_of(ask: Callable[[], Any]) -> int:
    with pytest.raises(CallError) as caught:
        ask()
    return int(caught.value.args[0])


def put(call: Call, kind: str, type_name: str = "t", **fields: Any) -> int:
    """A node of `kind` (Artifact, Execution, Context); its id."""
    low = kind.lower()
    type_id = call(f"Put{kind}Type", **{f"{low}_type": {"name": type_name}}).type_id
    made = call(f"Put{kind}s", **{f"{low}s": [{"type_id": type_id, **fields}]})
    (node_id,) = getattr(made, f"{low}_ids")
    return int(node_id)


@pytest.mark.parametrize("kind", ["Artifact", "Execution", "Context"])
def test_nodes_keep_their_properties(call: Call, kind: str) -> None:
    properties = {
        "text": {"string_value": "größe"},
        "int": {"int_value": str(2**60)},
        "double": {"double_value": 3.0},
        "bool": {"bool_value": True},
        "struct": {"struct_value": {"a": [1, None, {"b": "c"}]}},
    }
    node_id = put(call, kind, name="n", custom_properties=properties, properties=properties)
    low = kind.lower()
    (node,) = getattr(call(f"Get{kind}sByID", **{f"{low}_ids": [node_id]}), f"{low}s")
    found = json_format.MessageToDict(node, preserving_proto_field_name=True)
    assert found["custom_properties"] == properties
    assert found["properties"] == properties
    assert (found["name"], found["type"]) == ("n", "t")
    assert int(found["create_time_since_epoch"]) > 1_600_000_000_000
    by_name = call(f"Get{kind}ByTypeAndName", type_name="t", **{f"{low}_name": "n"})
    assert getattr(by_name, low) == node
    (listed,) = getattr(call(f"Get{kind}sByType", type_name="t"), f"{low}s")
    assert listed == node


@pytest.mark.parametrize("kind", ["Artifact", "Execution", "Context"])
def test_a_name_is_taken_once_in_a_type(call: Call, kind: str) -> None:
    first = put(call, kind, name="n")
    assert code_of(lambda: put(call, kind, name="n")) == EXISTS
    assert put(call, kind, "other", name="n") != first
    assert put(call, kind) != put(call, kind)  # without a name there is none to take


def test_a_node_is_replaced_by_its_id(call: Call) -> None:
    node_id = put(call, "Execution", name="n", last_known_state="RUNNING")
    call("PutExecutions", executions=[{"id": node_id, "name": "m", "last_known_state": "COMPLETE"}])
    (node,) = call("GetExecutionsByID", execution_ids=[node_id]).executions
    assert (node.id, node.name, node.last_known_state) == (node_id, "m", 3)
    assert node.last_update_time_since_epoch >= node.create_time_since_epoch
    free = put(call, "Execution", name="n")  # the name that it had
    found = call("GetExecutionByTypeAndName", type_name="t", execution_name="n").execution
    assert found.id == free


def test_what_is_not_there_is_told(call: Call) -> None:
    assert code_of(lambda: call("PutArtifacts", artifacts=[{"type_id": 9}])) == NOT_FOUND
    assert code_of(lambda: call("PutArtifacts", artifacts=[{"id": 9, "type_id": 1}])) == NOT_FOUND
    assert code_of(lambda: call("GetContextType", type_name="none")) == NOT_FOUND
    assert list(call("GetArtifactsByID", artifact_ids=[9]).artifacts) == []
    nobody = call("GetContextByTypeAndName", type_name="none", context_name="n")
    assert not nobody.HasField("context")
    event = {"artifact_id": 9, "execution_id": 9, "type": "OUTPUT"}
    assert code_of(lambda: call("PutEvents", events=[event])) == NOT_FOUND


def test_types_are_found_and_kept(call: Call) -> None:
    wanted = {"name": "t", "version": "2", "properties": {"rows": "INT"}}
    first = call("PutArtifactType", artifact_type=wanted).type_id
    assert call("PutArtifactType", artifact_type=wanted).type_id == first
    found = call("GetArtifactType", type_name="t", type_version="2").artifact_type
    assert (found.id, found.properties["rows"]) == (first, 1)
    other = call("PutArtifactType", artifact_type={"name": "t"}).type_id
    assert other != first
    assert [one.id for one in call("GetArtifactTypes").artifact_types] == [first, other]
    assert [one.id for one in call("GetArtifactTypesByID", type_ids=[other]).artifact_types] == [
        other
    ]


def test_an_execution_comes_with_its_artifacts_and_contexts(call: Call) -> None:
    context_type = call("PutContextType", context_type={"name": "run"}).type_id
    execution_type = call("PutExecutionType", execution_type={"name": "task"}).type_id
    artifact_type = call("PutArtifactType", artifact_type={"name": "data"}).type_id
    request = {
        "execution": {"type_id": execution_type},
        "contexts": [{"type_id": context_type, "name": "run-1"}],
        "artifact_event_pairs": [
            {
                "artifact": {"type_id": artifact_type, "uri": "minio://b/k"},
                "event": {"type": "OUTPUT", "path": {"steps": [{"key": "out"}, {"index": 0}]}},
            }
        ],
        "options": {"reuse_context_if_already_exist": True},
    }
    first, second = call("PutExecution", **request), call("PutExecution", **request)
    assert list(first.context_ids) == list(second.context_ids)
    assert first.execution_id != second.execution_id
    (context_id,) = first.context_ids
    executions = call("GetExecutionsByContext", context_id=context_id).executions
    assert [one.id for one in executions] == [first.execution_id, second.execution_id]
    artifacts = call("GetArtifactsByContext", context_id=context_id).artifacts
    assert [one.id for one in artifacts] == [*first.artifact_ids, *second.artifact_ids]
    by_uri = call("GetArtifactsByURI", uris=["minio://b/k", "minio://b/other"]).artifacts
    assert list(by_uri) == list(artifacts)
    (event,) = call("GetEventsByExecutionIDs", execution_ids=[first.execution_id]).events
    assert (event.artifact_id, event.type) == (first.artifact_ids[0], 4)
    assert [step.key or step.index for step in event.path.steps] == ["out", 0]
    (same,) = call("GetEventsByArtifactIDs", artifact_ids=list(first.artifact_ids)).events
    assert same == event
    (of_execution,) = call("GetContextsByExecution", execution_id=first.execution_id).contexts
    (of_artifact,) = call("GetContextsByArtifact", artifact_id=first.artifact_ids[0]).contexts
    assert of_execution == of_artifact
    assert of_execution.name == "run-1"
    request["options"] = {}
    assert code_of(lambda: call("PutExecution", **request)) == EXISTS


def test_contexts_have_parents(call: Call) -> None:
    parent, child = put(call, "Context", name="pipeline"), put(call, "Context", name="run")
    pair = {"parent_id": parent, "child_id": child}
    call("PutParentContexts", parent_contexts=[pair])
    assert code_of(lambda: call("PutParentContexts", parent_contexts=[pair])) == EXISTS
    (above,) = call("GetParentContextsByContext", context_id=child).contexts
    (below,) = call("GetChildrenContextsByContext", context_id=parent).contexts
    assert (above.id, below.id) == (parent, child)


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("field", ["ID", "CREATE_TIME", "LAST_UPDATE_TIME"])
def test_pages_follow_on_each_other(call: Call, field: str, ascending: bool) -> None:
    made = [put(call, "Artifact") for _ in range(5)]
    found: list[int] = []
    token = ""
    while True:
        options = {
            "max_result_size": 2,
            "order_by_field": {"field": field, "is_asc": ascending},
            "next_page_token": token,
        }
        page = call("GetArtifacts", options=options)
        found += [one.id for one in page.artifacts]
        token = page.next_page_token
        if not token:
            break
        assert len(page.artifacts) == 2
    assert found == (made if ascending else made[::-1])


def test_without_options_there_is_one_page(call: Call) -> None:
    made = [put(call, "Artifact") for _ in range(25)]
    assert [one.id for one in call("GetArtifacts").artifacts] == made
    assert len(call("GetArtifacts", options={}).artifacts) == 20
    bad = {"next_page_token": "rubbish"}
    assert code_of(lambda: call("GetArtifacts", options=bad)) == INVALID
    assert code_of(lambda: call("GetArtifacts", options={"max_result_size": -1})) == INVALID


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name = 'a'", ["a"]),
        ("custom_properties.task.string_value = 'x'", ["a", "b"]),
        ("custom_properties.`task`.string_value='x' AND custom_properties.n.int_value = 2", ["b"]),
        ("type = 't' AND uri = 'minio://b/a'", ["a"]),
        ("custom_properties.n.int_value = 7", []),
        ("id = 2", ["b"]),
    ],
)
def test_filters_select(call: Call, query: str, names: list[str]) -> None:
    for number, name in enumerate("ab", 1):
        properties = {"task": {"string_value": "x"}, "n": {"int_value": number}}
        put(call, "Artifact", name=name, uri=f"minio://b/{name}", custom_properties=properties)
    found = call("GetArtifacts", options={"filter_query": query}).artifacts
    assert [one.name for one in found] == names


def test_a_filter_that_is_not_understood_says_so(call: Call) -> None:
    put(call, "Artifact")
    for query in ("name LIKE 'a%'", "id > 1", "name = other", "contexts_a.name = 'x'"):
        options = {"filter_query": query}
        assert code_of(lambda: call("GetArtifacts", options=options)) == UNIMPLEMENTED  # noqa: B023


def test_text_is_the_same_in_base64(url: str) -> None:
    body = base64.b64encode(struct.pack(">BI", 0, 0))
    answer = exchange(url, "GetArtifacts", body, "application/grpc-web-text")
    assert answer.headers["content-type"].startswith("application/grpc-web-text")
    assert list(answered(base64.b64decode(answer.content), "GetArtifacts").artifacts) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", INVALID),
        (b"\0\0\0\0", INVALID),
        (struct.pack(">BI", 0, 10) + b"short", INVALID),
        (struct.pack(">BI", 1, 0), INVALID),
        (struct.pack(">BI", 0, 3) + b"\xff\xff\xff", INTERNAL),
    ],
)
def test_broken_frames_are_refused(url: str, body: bytes, code: int) -> None:
    answer = exchange(url, "GetArtifacts", body)
    assert code_of(lambda: answered(answer.content, "GetArtifacts")) == code


def test_other_methods_and_protocols_are_refused(url: str) -> None:
    empty = struct.pack(">BI", 0, 0)
    answer = exchange(url, "GetLineageGraph", empty)
    assert code_of(lambda: answered(answer.content, "GetLineageGraph")) == UNIMPLEMENTED
    assert exchange(url, "GetArtifacts", empty, "application/json").status_code == 415
    assert requests.get(f"{url}{SERVICE}GetArtifacts", timeout=10).status_code == 405
