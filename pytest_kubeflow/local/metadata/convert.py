"""Between the store's values and ml-metadata's messages."""

from __future__ import annotations

from typing import Any

from google.protobuf import json_format, struct_pb2

from pytest_kubeflow.local.metadata.store import Event, Kind, Node, NodeType
from pytest_kubeflow.local.metadata.wire import ENUMS, new

Message = Any  # classes made at run time have no static type
STATE_FIELD: dict[Kind, tuple[str, str]] = {
    "artifact": ("state", "ArtifactState"),
    "execution": ("last_known_state", "ExecutionState"),
}


def node_message(kind: Kind, node: Node, node_type: NodeType) -> Message:
    """A node as `Artifact`, `Execution` or `Context`."""
    message: Message = new(
        kind.capitalize(),
        id=node.id,
        type_id=node.type_id,
        type=node_type.name,
        create_time_since_epoch=node.created,
        last_update_time_since_epoch=node.updated,
    )
    for name in ("name", "uri", "external_id"):
        if value := getattr(node, name):
            setattr(message, name, value)
    if node.state:
        field, enum = STATE_FIELD[kind]
        setattr(message, field, ENUMS[enum].index(node.state))
    for values, target in (
        (node.properties, message.properties),
        (node.custom_properties, message.custom_properties),
    ):
        for key, value in values.items():
            _set_value(target[key], value)
    return message


def node_fields(kind: Kind, message: Message) -> dict[str, Any]:
    """The store's fields of a node that a client sent."""
    fields: dict[str, Any] = {
        "name": message.name,
        "external_id": message.external_id,
        "properties": {key: _value(one) for key, one in message.properties.items()},
        "custom_properties": {key: _value(one) for key, one in message.custom_properties.items()},
    }
    if kind == "artifact":
        fields["uri"] = message.uri
    if kind in STATE_FIELD:
        field, enum = STATE_FIELD[kind]
        if message.HasField(field):
            fields["state"] = ENUMS[enum][getattr(message, field)]
    return fields


def type_message(kind: Kind, node_type: NodeType) -> Message:
    """A type as `ArtifactType`, `ExecutionType` or `ContextType`."""
    message: Message = new(f"{kind.capitalize()}Type", id=node_type.id, name=node_type.name)
    for name in ("version", "description"):
        if value := getattr(node_type, name):
            setattr(message, name, value)
    for key, number in node_type.properties.items():
        message.properties[key] = number
    return message


def event_message(event: Event) -> Message:
    """An `Event`."""
    message: Message = new(
        "Event",
        artifact_id=event.artifact_id,
        execution_id=event.execution_id,
        type=ENUMS["EventType"].index(event.type),
        milliseconds_since_epoch=event.time,
    )
    for step in event.path:
        if isinstance(step, int):
            message.path.steps.add(index=step)
        else:
            message.path.steps.add(key=step)
    return message


def event_path(message: Message) -> list[str | int]:
    """The steps of an event's path: keys and indexes."""
    return [
        step.key if step.WhichOneof("value") == "key" else step.index for step in message.path.steps
    ]


def _set_value(message: Message, value: Any) -> None:
    if isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, int):
        message.int_value = value
    elif isinstance(value, float):
        message.double_value = value
    elif isinstance(value, str):
        message.string_value = value
    elif isinstance(value, dict):
        message.struct_value.update(value)  # which takes NaN, as json_format does not
        message.struct_value.SetInParent()
    else:
        # A list has no place of its own; the real client wraps it like this too.
        wrapped = struct_pb2.Struct()
        json_format.ParseDict({"list": value}, wrapped)
        message.struct_value.CopyFrom(wrapped)


def _value(message: Message) -> Any:
    which = message.WhichOneof("value")
    if which is None:
        return ""
    if which == "struct_value":
        return json_format.MessageToDict(message.struct_value)
    if which == "proto_value":
        raise ValueError("properties with a proto_value are not supported")
    return getattr(message, which)
