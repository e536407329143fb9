"""Bodies of requests, read as the real server's Go code reads them: types, names, values.

Words: encoding/json, and kubeflow/model-registry v0.3.8 pkg/openapi and internal/converter.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pytest_kubeflow.local.gojson import json_type
from pytest_kubeflow.local.model_registry.errors import bad_request, missing
from pytest_kubeflow.local.model_registry.kinds import LISTS, Kind

Json = Any

_VALUES = {
    "MetadataIntValue": "int_value",
    "MetadataDoubleValue": "double_value",
    "MetadataStringValue": "string_value",
    "MetadataStructValue": "struct_value",
    "MetadataProtoValue": "proto_value",
    "MetadataBoolValue": "bool_value",
}
"""What kinds of custom properties keep their value in."""

_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)


def read(content: bytes, kind: Kind, message: str, allowed: tuple[str, ...]) -> dict[str, Json]:
    """The members of a body that is a `message`, without nulls. Raises RegistryError."""
    try:
        body = json.loads(content)
    except ValueError:
        raise bad_request("unexpected EOF") from None
    if not isinstance(body, dict):
        raise bad_request(
            f"json: cannot unmarshal {json_type(body)} into Go value of type openapi.{message}"
        )
    for name, value in body.items():
        if name not in allowed:
            raise bad_request(f'json: unknown field "{name}"')
        _check(name, value, kind, message)
    return {name: value for name, value in body.items() if value is not None}


def check_required(body: dict[str, Json], kind: Kind) -> None:
    """Raise RegistryError for what a new one needs and has not."""
    for name in kind.required:
        if not body.get(name):
            raise missing(name)


def check_id(text: str, what: str) -> int:
    """An id as a number. `what` it is of: "registered model"."""
    if not _WHOLE.fullmatch(text):
        raise bad_request(f"invalid {what} ID: {_not_whole(text)}: bad request")
    return int(text)


def check_reference(text: str) -> None:
    """An id that a body has."""
    if not _WHOLE.fullmatch(text):
        told = f"error setting field Properties: invalid numeric string: {_not_whole(text)}"
        raise bad_request(f"{told}: bad request")


def page_size(text: str) -> int:
    """How many a page may have."""
    if not _WHOLE.fullmatch(text):
        raise bad_request(f"invalid numeric string: {_not_whole(text)}: bad request")
    return int(text)


def as_texts(properties: dict[str, Json]) -> dict[str, Json]:
    """Custom properties, each of them as a text."""
    return {
        key: {
            "metadataType": "MetadataStringValue",
            "string_value": str(value[_VALUES[value["metadataType"]]]),
        }
        for key, value in properties.items()
    }


def _not_whole(text: str) -> str:
    return f'strconv.ParseInt: parsing "{text}": invalid syntax'


def _check(name: str, value: Json, kind: Kind, message: str) -> None:
    if value is None:
        return
    if name == "customProperties":
        _check_properties(value)
    elif name in LISTS:
        if not isinstance(value, list):
            raise _wrong_type(name, value, message, "[]string")
        for one in value:
            if not isinstance(one, str):
                raise _wrong_type(name, one, message, "string")
    elif not isinstance(value, str):
        raise _wrong_type(name, value, message, "string")
    elif name == kind.state and value not in kind.states:
        type_name = "ArtifactState" if kind.artifact_type else f"{kind.type_name}State"
        raise bad_request(f"{value} is not a valid {type_name}")


def _wrong_type(name: str, value: Json, message: str, wanted: str) -> Exception:
    return bad_request(
        f"json: cannot unmarshal {json_type(value)} into Go struct field {message}.{name} of type "
        f"{wanted}"
    )


def _check_properties(properties: Json) -> None:
    if not isinstance(properties, dict):
        raise bad_request(
            f"json: cannot unmarshal {json_type(properties)} into Go value of type "
            "map[string]openapi.MetadataValue"
        )
    for key, value in properties.items():
        if not isinstance(value, dict):
            raise bad_request("failed to unmarshal JSON into map for the discriminator lookup")
        field = _VALUES.get(value.get("metadataType", ""))
        if field is None:
            nothing = " ".join(["<nil>"] * len(_VALUES))
            raise bad_request(
                "error setting field CustomProperties: bad request: metadataType not found for "
                f"{key}: {{{nothing}}}: bad request"
            )
        found = value.get(field)
        if field == "int_value" and not (isinstance(found, str) and _WHOLE.fullmatch(found)):
            raise bad_request(
                "error setting field CustomProperties: bad request: unable to decode as int64 "
                f"invalid numeric string: {_not_whole(str(found))} for key {key}: bad request"
            )
