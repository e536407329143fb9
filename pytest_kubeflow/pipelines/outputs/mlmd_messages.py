"""The few protobuf messages of ML Metadata that reading a run's tasks needs, built at run time.

Names and field numbers are those of `ml_metadata/proto/metadata_store.proto` and
`metadata_store_service.proto` in third_party/ml-metadata of kubeflow/pipelines; fields that are
not listed are skipped by protobuf. The package `ml-metadata` has the same messages, but builds
TensorFlow-sized wheels for few Python versions.
"""

from __future__ import annotations

from functools import cache
from typing import Any

PACKAGE = "ml_metadata"
SERVICE = f"{PACKAGE}.MetadataStoreService"

# type, number, [repeated]. A type in lower case is a scalar; "map X" is map<string, X>.
_Field = tuple[str, int] | tuple[str, int, bool]
_MESSAGES: dict[str, dict[str, _Field]] = {
    "Artifact": {
        "id": ("int64", 1),
        "name": ("string", 7),
        "type_id": ("int64", 2),
        "type": ("string", 8),
        "uri": ("string", 3),
        "properties": ("map Value", 4),
        "custom_properties": ("map Value", 5),
    },
    "Execution": {
        "id": ("int64", 1),
        "name": ("string", 6),
        "type_id": ("int64", 2),
        "type": ("string", 7),
        "last_known_state": ("int32", 3),  # an enum; its number is all that is needed
        "properties": ("map Value", 4),
        "custom_properties": ("map Value", 5),
        "create_time_since_epoch": ("int64", 8),
        "last_update_time_since_epoch": ("int64", 9),
    },
    "Context": {"id": ("int64", 1), "name": ("string", 3), "type": ("string", 6)},
    "Step": {"index": ("int64", 1), "key": ("string", 2)},
    "Path": {"steps": ("Step", 1, True)},
    "Event": {
        "artifact_id": ("int64", 1),
        "execution_id": ("int64", 2),
        "path": ("Path", 3),
        "type": ("int32", 4),
    },
    "ArtifactType": {"id": ("int64", 1), "name": ("string", 2)},
    "ListOperationOptions": {"max_result_size": ("int32", 1), "next_page_token": ("string", 3)},
    "GetContextByTypeAndNameRequest": {"type_name": ("string", 1), "context_name": ("string", 2)},
    "GetContextByTypeAndNameResponse": {"context": ("Context", 1)},
    "GetExecutionsByContextRequest": {
        "context_id": ("int64", 1),
        "options": ("ListOperationOptions", 2),
    },
    "GetExecutionsByContextResponse": {
        "executions": ("Execution", 1, True),
        "next_page_token": ("string", 2),
    },
    "GetEventsByExecutionIDsRequest": {"execution_ids": ("int64", 1, True)},
    "GetEventsByExecutionIDsResponse": {"events": ("Event", 1, True)},
    "GetArtifactsByURIRequest": {"uris": ("string", 2, True)},
    "GetArtifactsByURIResponse": {"artifacts": ("Artifact", 1, True)},
    "GetEventsByArtifactIDsRequest": {"artifact_ids": ("int64", 1, True)},
    "GetEventsByArtifactIDsResponse": {"events": ("Event", 1, True)},
    "GetExecutionsByIDRequest": {"execution_ids": ("int64", 1, True)},
    "GetExecutionsByIDResponse": {"executions": ("Execution", 1, True)},
    "GetContextsByExecutionRequest": {"execution_id": ("int64", 1)},
    "GetContextsByExecutionResponse": {"contexts": ("Context", 1, True)},
    "GetArtifactsByIDRequest": {"artifact_ids": ("int64", 1, True)},
    "GetArtifactsByIDResponse": {
        "artifacts": ("Artifact", 1, True),
        "artifact_types": ("ArtifactType", 2, True),
    },
}
_VALUE: dict[str, tuple[str, int]] = {
    "int_value": ("int64", 1),
    "double_value": ("double", 2),
    "string_value": ("string", 3),
    "struct_value": ("google.protobuf.Struct", 4),
    "bool_value": ("bool", 6),
}


@cache
def message(name: str) -> Any:
    """The class of the message `name`, such as "GetArtifactsByIDRequest"."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{PACKAGE}.{name}"))


@cache
def _pool() -> Any:
    """A pool of its own, so that an installed ml-metadata package cannot collide with it."""
    from google.protobuf import descriptor_pb2, descriptor_pool, struct_pb2

    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
    file = descriptor_pb2.FileDescriptorProto(
        name="pytest_kubeflow/ml_metadata.proto",
        package=PACKAGE,
        syntax="proto2",
        dependency=[struct_pb2.DESCRIPTOR.name],
    )
    value = file.message_type.add(name="Value")
    value.oneof_decl.add(name="value")
    for name, (kind, number) in _VALUE.items():
        _add_field(value, name, kind, number).oneof_index = 0
    for message_name, fields in _MESSAGES.items():
        entry = file.message_type.add(name=message_name)
        for name, (kind, number, *repeated) in fields.items():
            _add_field(entry, name, kind, number, repeated=bool(repeated))
    pool.AddSerializedFile(file.SerializeToString())
    return pool


def _add_field(owner: Any, name: str, kind: str, number: int, *, repeated: bool = False) -> Any:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

    field = owner.field.add(name=name, number=number)
    field.label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
    if kind.startswith("map "):
        # proto2 has maps as repeated messages of a key and a value.
        entry_name = "".join(part.title() for part in name.split("_")) + "Entry"
        entry = owner.nested_type.add(name=entry_name)
        entry.options.map_entry = True
        _add_field(entry, "key", "string", 1)
        _add_field(entry, "value", kind.removeprefix("map "), 2)
        field.label = Field.LABEL_REPEATED
        field.type = Field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{owner.name}.{entry_name}"
    elif kind in ("int64", "int32", "string", "double", "bool"):
        field.type = getattr(Field, f"TYPE_{kind.upper()}")
    else:
        field.type = Field.TYPE_MESSAGE
        field.type_name = f".{kind}" if "." in kind else f".{PACKAGE}.{kind}"
    return field
