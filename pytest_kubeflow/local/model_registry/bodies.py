"""Bodies of requests, read as the real server's Go code reads them: types, names, values.

Words: encoding/json, and kubeflow/model-registry v0.3.8 pkg/openapi and internal/converter.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from pytest_kubeflow.local.golang.encoding import json_type
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

_PLAIN: dict[str, tuple[type | tuple[type, ...], str, Json]] = {
    "double_value": ((int, float), "float64", 0),
    "string_value": (str, "string", ""),
    "bool_value": (bool, "bool", False),
    "int_value": (str, "string", ""),
}
"""Of values: their types here and in Go, and what stands for one that is not given."""

_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)
_INT32 = 2**31
"""Whole numbers are below it: ids, sizes of pages, and what properties keep."""

_NUL = "\0"
_HALF = re.compile("[\ud800-\udfff]")
_MAP = "failed to unmarshal JSON into map for the discriminator lookup"


def read(content: bytes, kind: Kind, message: str, allowed: tuple[str, ...]) -> dict[str, Json]:
    """The members of a body that is a `message`, without nulls. Raises RegistryError."""
    text = content.decode(errors="replace")
    if _NUL in text or "\\u0000" in text:
        raise bad_request("Request body contains null bytes which are not allowed")
    try:
        body = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise bad_request("exceeded max depth") from None
    except ValueError:
        raise bad_request("unexpected EOF") from None
    if _HALF.search(plain := json.dumps(body, ensure_ascii=False)):
        # Go reads half a pair of surrogates as a replacement character.
        whole = plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        body = json.loads(whole)
    if not isinstance(body, dict):
        raise bad_request(
            f"json: cannot unmarshal {json_type(body)} into Go value of type openapi.{message}"
        )
    for name, value in body.items():
        if name not in allowed:
            raise bad_request(f'json: unknown field "{name}"')
        _check(name, value, kind, message)
    found = {name: value for name, value in body.items() if value is not None}
    if "customProperties" in found:
        found["customProperties"] = _kept(found["customProperties"])
    return found


def check_required(body: dict[str, Json], kind: Kind) -> None:
    """Raise RegistryError for what a new one needs and has not."""
    for name in kind.required:
        if not body.get(name):
            raise missing(name)


def check_id(text: str, what: str) -> int:
    """An id as a number. `what` it is of: "registered model"."""
    if message := _not_whole(text):
        raise bad_request(f"invalid {what} ID: {message}: bad request")
    return int(text)


def check_reference(text: str) -> None:
    """An id that a body has."""
    if message := _not_whole(text):
        field = "error setting field Properties: invalid numeric string"
        raise bad_request(f"{field}: {message}: bad request")


def page_size(text: str) -> int:
    """How many a page may have."""
    if message := _not_whole(text):
        raise bad_request(f"invalid numeric string: {message}: bad request")
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
    """Why it is no whole number of 32 bits; "" for one that is."""
    if not _WHOLE.fullmatch(text):
        return f'strconv.ParseInt: parsing "{text}": invalid syntax'
    # The digits first: Python reads no more than some thousands of them.
    if len(text.lstrip("+-0")) > 10 or not -_INT32 <= int(text) < _INT32:
        return f'strconv.ParseInt: parsing "{text}": value out of range'
    return ""


def _no_constant(name: str) -> NoReturn:
    found = name.removeprefix("-")[0]
    raise bad_request(f"invalid character '{found}' looking for beginning of value")


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
        if not isinstance(value, dict) or not all(map(_is_readable, value.values())):
            raise bad_request(_MAP)
        type_name = value.get("metadataType")
        field = _VALUES.get(type_name) if isinstance(type_name, str) else None
        if field is None:
            nothing = " ".join(["<nil>"] * len(_VALUES))
            raise bad_request(
                "error setting field CustomProperties: bad request: metadataType not found for "
                f"{key}: {{{nothing}}}: bad request"
            )
        _check_value(key, type_name, field, value.get(field))


def _is_readable(value: Json) -> bool:
    """Whether Go reads it into an interface: all its numbers are float64."""
    if isinstance(value, int | float):
        return math.isfinite(value) if isinstance(value, float) else abs(value) < 10**308
    return True


def _check_value(key: str, type_name: Json, field: str, found: Json) -> None:
    types, shown, missing_one = _PLAIN.get(field, (str, "string", ""))
    if found is None:
        found = missing_one
    if not isinstance(found, types) or (isinstance(found, bool) and types is not bool):
        raise bad_request(
            f"failed to unmarshal MetadataValue as {type_name}: json: cannot unmarshal "
            f"{json_type(found)} into Go struct field {type_name}.{field} of type {shown}"
        )
    if field == "int_value" and (message := _not_whole(str(found))):
        raise bad_request(
            "error setting field CustomProperties: bad request: unable to decode as int64 "
            f"invalid numeric string: {message} for key {key}: bad request"
        )


def _kept(properties: dict[str, Json]) -> dict[str, Json]:
    """What is kept of custom properties: of each its value, as its type has it."""
    found = {}
    for key, value in properties.items():
        field = _VALUES[value["metadataType"]]
        if field not in _PLAIN:
            found[key] = value
            continue
        one = value.get(field)
        if one is None:
            one = _PLAIN[field][2]
        if field == "int_value":
            one = str(int(one))
        found[key] = {"metadataType": value["metadataType"], field: one}
    return found
