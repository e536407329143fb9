"""The protobuf messages of the IR: JSON that is one of them, in the form that protojson writes.

The messages are those of the package kfp-pipeline-spec, made from kubeflow/pipelines
api/v2alpha1/pipeline_spec.proto. Fields and enums have the leniencies of protobuf's JSON, and what
is read is written in one form: names in camelCase, enums by name, without what is not set.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.local.pipelines.spec.values import whole

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, EnumDescriptor

Json = Any

_GOOGLE = "google.protobuf"
"""The package of messages like Struct, whose JSON is not that of their fields."""
_FIELD = re.compile(r"Failed to parse (\S+) field: ")
_UNKNOWN = re.compile(r'Message type "\S+" has no field named "(.*?)" at "(.*?)"\..*', re.DOTALL)


def canonical(message: str, value: Json) -> Json:
    """`value` in the one form of the message of this name, e.g. `PipelineSpec`.

    Raises ValueError, in one line, if it is no such message.
    """
    from google.protobuf import json_format

    made = functools.reduce(getattr, message.split("."), _messages())()
    try:
        _strict(value, made.DESCRIPTOR, message)
        json_format.ParseDict(whole(value), made)
        return whole(json_format.MessageToDict(made))
    except json_format.ParseError as error:
        raise ValueError(_described(str(error))) from None
    except RecursionError:
        raise ValueError("nested too deeply") from None


@functools.cache
def _messages() -> Any:
    """The generated module. It is loaded with the first pipeline, as it takes protobuf.

    Not by `import kfp.pipeline_spec`: that would run the whole SDK, for over a second.
    """
    from importlib.metadata import distribution

    path = distribution("kfp-pipeline-spec").locate_file("kfp/pipeline_spec/pipeline_spec_pb2.py")
    found = importlib.util.spec_from_file_location(f"{__name__}.pipeline_spec_pb2", str(path))
    assert found is not None  # the name ends in .py
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _strict(value: Json, message: Descriptor, where: str) -> None:
    """Raise ValueError for what Python's protobuf lets pass and protojson does not.

    That is an empty text or list for a message, and a number in a text or a fraction for an enum.
    """
    if not isinstance(value, dict):
        raise ValueError(f"{where} is not an object")
    names = {name: field for field in message.fields for name in (field.json_name, field.name)}
    for name, one in value.items():
        field, place = names.get(name), f"{where}.{name}"
        if field is None or one is None:
            continue  # not known, or not set
        several = [one]
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            field = field.message_type.fields_by_name["value"]
            several = list(one.values()) if isinstance(one, dict) else []
        elif field.is_repeated:
            several = one if isinstance(one, list) else []
        for each in several:
            if field.enum_type is not None and not _is_of(each, field.enum_type):
                raise ValueError(f"invalid value for enum field {place}: {each!r}")
            if field.message_type is not None and field.message_type.file.package != _GOOGLE:
                _strict(each, field.message_type, place)


def _is_of(value: Json, enum: EnumDescriptor) -> bool:
    if isinstance(value, str):
        return value in enum.values_by_name
    whole_number = isinstance(value, float) and value.is_integer()
    return whole_number or (isinstance(value, int) and not isinstance(value, bool))


def _described(message: str) -> str:
    """What protobuf says, with the names of the fields on the way before it."""
    way = ".".join(_FIELD.findall(message))
    words = _UNKNOWN.sub(r"unknown field '\1' in \2", _FIELD.sub("", message)).rstrip(".")
    return " ".join((f"{way}: {words}" if way else words).split())
