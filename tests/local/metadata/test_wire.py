"""Our table of messages against bytes that the package ml-metadata 1.17.1 wrote (data/)."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from pytest_kubeflow.local.metadata.wire import message_class

GOLDEN: dict[str, dict[str, str]] = json.loads(
    (Path(__file__).parent / "data/messages.json").read_text()
)


@pytest.mark.parametrize("name", GOLDEN)
def test_same_bytes_as_the_real_package(name: str) -> None:
    content = base64.b64decode(GOLDEN[name]["base64"])
    message = message_class(GOLDEN[name]["message"]).FromString(content)
    assert message.SerializeToString(deterministic=True) == content
    message.DiscardUnknownFields()
    assert message.SerializeToString(deterministic=True) == content, "a field is not in the table"


def test_fields_have_their_meaning() -> None:
    def read(name: str) -> dict[str, Any]:
        golden = GOLDEN[name]
        message = message_class(golden["message"]).FromString(base64.b64decode(golden["base64"]))
        fields: dict[str, Any] = json_format.MessageToDict(
            message, preserving_proto_field_name=True
        )
        return fields

    execution = read("executions")["executions"][0]
    assert execution["last_known_state"] == "COMPLETE"
    properties = execution["custom_properties"]
    assert properties["task_name"] == {"string_value": "größe"}
    assert properties["parent_dag_id"] == {"int_value": "5"}
    assert properties["outputs"]["struct_value"]["l"] == [1.0, "a", None, {"x": False}]
    pair = read("put_execution")["artifact_event_pairs"][0]
    assert pair["artifact"]["state"] == "LIVE"
    assert pair["event"]["path"]["steps"] == [{"key": "out"}, {"index": "0"}]
    options = read("list_request")["options"]
    assert options["order_by_field"] == {"field": "CREATE_TIME", "is_asc": False}
