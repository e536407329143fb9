"""The messages of ml-metadata, described by a table.

Numbers: google/ml-metadata metadata_store.proto and metadata_store_service.proto. The package
`ml-metadata` itself cannot be used, as it pins a protobuf of before 5. Tests hold the table against
bytes that the real package wrote.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import Message

from pytest_kubeflow.local.messagetable import MessageTable

_ENUMS = {
    "PropertyType": "UNKNOWN INT DOUBLE STRING STRUCT PROTO BOOLEAN",
    "ArtifactState": "UNKNOWN PENDING LIVE MARKED_FOR_DELETION DELETED ABANDONED REFERENCE",
    "ExecutionState": "UNKNOWN NEW RUNNING COMPLETE FAILED CACHED CANCELED",
    "EventType": (
        "UNKNOWN DECLARED_OUTPUT DECLARED_INPUT INPUT OUTPUT INTERNAL_INPUT INTERNAL_OUTPUT "
        "PENDING_OUTPUT"
    ),
    "OrderField": "FIELD_UNSPECIFIED CREATE_TIME LAST_UPDATE_TIME ID",
}
ENUMS = {name: tuple(words.split()) for name, words in _ENUMS.items()}

# name: fields, each `number name type`; `*` repeated, `{}` a map from string, `|` one of them.
_MESSAGES: dict[str, str] = {
    "Value": (
        "1 int_value |int64, 2 double_value |double, 3 string_value |string, "
        "4 struct_value |Struct, 5 proto_value |Any, 6 bool_value |bool"
    ),
    "Artifact": (
        "1 id int64, 7 name string, 2 type_id int64, 8 type string, 3 uri string, "
        "11 external_id string, 4 properties {}Value, 5 custom_properties {}Value, "
        "6 state ArtifactState, 9 create_time_since_epoch int64, "
        "10 last_update_time_since_epoch int64"
    ),
    "Execution": (
        "1 id int64, 6 name string, 2 type_id int64, 7 type string, 10 external_id string, "
        "3 last_known_state ExecutionState, 4 properties {}Value, 5 custom_properties {}Value, "
        "8 create_time_since_epoch int64, 9 last_update_time_since_epoch int64"
    ),
    "Context": (
        "1 id int64, 3 name string, 2 type_id int64, 6 type string, 9 external_id string, "
        "4 properties {}Value, 5 custom_properties {}Value, 7 create_time_since_epoch int64, "
        "8 last_update_time_since_epoch int64"
    ),
    "ArtifactType": (
        "1 id int64, 2 name string, 4 version string, 5 description string, "
        "3 properties {}PropertyType"
    ),
    "ExecutionType": (
        "1 id int64, 2 name string, 6 version string, 7 description string, "
        "3 properties {}PropertyType"
    ),
    "ContextType": (
        "1 id int64, 2 name string, 4 version string, 5 description string, "
        "3 properties {}PropertyType"
    ),
    "Step": "1 index |int64, 2 key |string",
    "Path": "1 steps *Step",
    "Event": (
        "1 artifact_id int64, 2 execution_id int64, 3 path Path, 4 type EventType, "
        "5 milliseconds_since_epoch int64"
    ),
    "Attribution": "1 artifact_id int64, 2 context_id int64",
    "Association": "1 execution_id int64, 2 context_id int64",
    "ParentContext": "1 child_id int64, 2 parent_id int64",
    "OrderByField": "1 field OrderField, 2 is_asc bool",
    "ListOperationOptions": (
        "1 max_result_size int32, 2 order_by_field OrderByField, 3 next_page_token string, "
        "4 filter_query string"
    ),
    "ArtifactAndEvent": "1 artifact Artifact, 2 event Event",
    "PutExecutionOptions": "1 reuse_context_if_already_exist bool",
    "PutExecutionRequest": (
        "1 execution Execution, 2 artifact_event_pairs *ArtifactAndEvent, 3 contexts *Context, "
        "4 options PutExecutionOptions"
    ),
    "PutExecutionResponse": "1 execution_id int64, 2 artifact_ids *int64, 3 context_ids *int64",
    "PutEventsRequest": "1 events *Event",
    "PutEventsResponse": "",
    "PutAttributionsAndAssociationsRequest": (
        "1 attributions *Attribution, 2 associations *Association"
    ),
    "PutAttributionsAndAssociationsResponse": "",
    "PutParentContextsRequest": "1 parent_contexts *ParentContext",
    "PutParentContextsResponse": "",
    "GetEventsByExecutionIDsRequest": "1 execution_ids *int64",
    "GetEventsByExecutionIDsResponse": "1 events *Event",
    "GetEventsByArtifactIDsRequest": "1 artifact_ids *int64",
    "GetEventsByArtifactIDsResponse": "1 events *Event",
    "GetArtifactsByURIRequest": "2 uris *string",
    "GetArtifactsByURIResponse": "1 artifacts *Artifact",
    "GetParentContextsByContextRequest": "1 context_id int64",
    "GetParentContextsByContextResponse": "1 contexts *Context",
    "GetChildrenContextsByContextRequest": "1 context_id int64",
    "GetChildrenContextsByContextResponse": "1 contexts *Context",
}


def _each_kind() -> dict[str, str]:
    """Messages that differ only in the kind of node that they are about."""
    messages: dict[str, str] = {}
    for node in ("Artifact", "Execution", "Context"):
        low = node.lower()
        page = f"1 {low}s *{node}, 2 next_page_token string"
        messages |= {
            f"Put{node}sRequest": f"1 {low}s *{node}",
            f"Put{node}sResponse": f"1 {low}_ids *int64",
            f"Put{node}TypeRequest": f"1 {low}_type {node}Type",
            f"Put{node}TypeResponse": "1 type_id int64",
            f"Get{node}TypeRequest": "1 type_name string, 2 type_version string",
            f"Get{node}TypeResponse": f"1 {low}_type {node}Type",
            f"Get{node}TypesRequest": "",
            f"Get{node}TypesResponse": f"1 {low}_types *{node}Type",
            f"Get{node}TypesByIDRequest": "1 type_ids *int64",
            f"Get{node}TypesByIDResponse": f"1 {low}_types *{node}Type",
            f"Get{node}sRequest": "1 options ListOperationOptions",
            f"Get{node}sResponse": page,
            f"Get{node}sByIDRequest": f"1 {low}_ids *int64",
            f"Get{node}sByIDResponse": f"1 {low}s *{node}",
            f"Get{node}ByTypeAndNameRequest": (
                f"1 type_name string, 2 {low}_name string, 3 type_version string"
            ),
            f"Get{node}ByTypeAndNameResponse": f"1 {low} {node}",
            f"Get{node}sByTypeResponse": page,
        }
        version, options = (3, 2) if node == "Context" else (2, 3)
        messages[f"Get{node}sByTypeRequest"] = (
            f"1 type_name string, {version} type_version string, "
            f"{options} options ListOperationOptions"
        )
        if node != "Context":
            messages |= {
                f"Get{node}sByContextRequest": (
                    "1 context_id int64, 2 options ListOperationOptions"
                ),
                f"Get{node}sByContextResponse": page,
                f"GetContextsBy{node}Request": f"1 {low}_id int64",
                f"GetContextsBy{node}Response": "1 contexts *Context",
            }
    messages["GetArtifactsByIDRequest"] += ", 3 populate_artifact_types bool"
    messages["GetArtifactsByIDResponse"] += ", 2 artifact_types *ArtifactType"
    return messages


_TABLE = MessageTable("ml_metadata", ENUMS, _MESSAGES | _each_kind())


def message_class(name: str) -> type[Any]:
    """The class of a message of ml-metadata. KeyError: there is none of this name."""
    return _TABLE.message_class(name)


def new(message: str, /, **fields: Any) -> Message:
    """The message named `message`, with these fields set."""
    return _TABLE.new(message, **fields)
