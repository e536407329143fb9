"""MessageTable: protobuf messages described by a table, built by google.protobuf at run time.

For services whose own packages cannot be used beside newer ones. A table is chosen over generated
code because it is shorter and needs no compiler in the build.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, struct_pb2
from google.protobuf.message import Message

_FIELD = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "float": _FIELD.TYPE_FLOAT,
    "double": _FIELD.TYPE_DOUBLE,
    "string": _FIELD.TYPE_STRING,
    "bytes": _FIELD.TYPE_BYTES,
    "bool": _FIELD.TYPE_BOOL,
}
_WELL_KNOWN = {"Struct": ".google.protobuf.Struct", "Any": ".google.protobuf.Any"}


class MessageTable:
    """The messages of `package`.

    `messages` are `{name: fields}`, each field `number name type`, with commas between them; a type
    is a scalar, an enum, a message of the table or Struct or Any. `*` before it: repeated, `{}`: a
    map from string to it, `|`: one of those that are marked so. `enums` are `{name: words}`, whose
    numbers are their places.
    """

    def __init__(
        self, package: str, enums: Mapping[str, Sequence[str]], messages: Mapping[str, str]
    ) -> None:
        self._package = package
        self._enums = enums
        self._messages = messages
        self._classes: dict[str, type[Any]] = {}

    def message_class(self, name: str) -> type[Any]:
        """The class of a message. KeyError: there is none of this name."""
        if name not in self._classes:
            descriptor = self._pool.FindMessageTypeByName(f"{self._package}.{name}")
            self._classes[name] = message_factory.GetMessageClass(descriptor)
        return self._classes[name]

    def new(self, message: str, /, **fields: Any) -> Message:
        """The message named `message`, with these fields set."""
        made: Message = self.message_class(message)(**fields)
        return made

    @functools.cached_property
    def _pool(self) -> descriptor_pool.DescriptorPool:
        file = descriptor_pb2.FileDescriptorProto(
            name=f"{self._package}/embedded.proto",
            package=self._package,
            syntax="proto2",
            dependency=[struct_pb2.DESCRIPTOR.name, any_pb2.DESCRIPTOR.name],
        )
        for name, words in self._enums.items():
            # Values of an enum share its scope with the package, so each has its own message.
            holder = file.message_type.add(name=f"{name}Holder")
            enum = holder.enum_type.add(name=name)
            for number, word in enumerate(words):
                enum.value.add(name=word, number=number)
        for name, fields in self._messages.items():
            self._describe(file.message_type.add(name=name), fields)
        pool = descriptor_pool.DescriptorPool()
        pool.AddSerializedFile(struct_pb2.DESCRIPTOR.serialized_pb)
        pool.AddSerializedFile(any_pb2.DESCRIPTOR.serialized_pb)
        pool.Add(file)
        return pool

    def _describe(self, message: descriptor_pb2.DescriptorProto, fields: str) -> None:
        for entry in filter(None, fields.split(", ")):
            number, name, kind = entry.split()
            field = message.field.add(name=name, number=int(number), label=_FIELD.LABEL_OPTIONAL)
            if kind.startswith("{}"):
                nested = message.nested_type.add(name=_camel(name) + "Entry")
                nested.options.map_entry = True
                one = _FIELD.LABEL_OPTIONAL
                self._typed(nested.field.add(name="key", number=1, label=one), "string")
                self._typed(nested.field.add(name="value", number=2, label=one), kind[2:])
                field.label = _FIELD.LABEL_REPEATED
                field.type = _FIELD.TYPE_MESSAGE
                field.type_name = f".{self._package}.{message.name}.{nested.name}"
                continue
            if kind.startswith("*"):
                field.label = _FIELD.LABEL_REPEATED
            if kind.startswith("|"):
                if not message.oneof_decl:
                    message.oneof_decl.add(name="value")
                field.oneof_index = 0
            self._typed(field, kind.lstrip("*|"))

    def _typed(self, field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
        if kind in _SCALARS:
            field.type = _SCALARS[kind]
        elif kind in self._enums:
            field.type, field.type_name = _FIELD.TYPE_ENUM, f".{self._package}.{kind}Holder.{kind}"
        else:
            field.type = _FIELD.TYPE_MESSAGE
            field.type_name = _WELL_KNOWN.get(kind, f".{self._package}.{kind}")


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
