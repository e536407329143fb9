"""Values of parameters: their types, and their conversion.

Numbers of the IR are protobuf doubles: `3.0` and `3` are one value, and integers beyond 2^53 lose
their last digits. protojson writes the shortest digits that give the double back, those of whole
numbers below 1e21 without a point, and sorts keys: what it writes is what is here.
Rules: kubeflow/pipelines backend/src/v2/metadata/converter.go and the type checks of
backend/src/v2/driver/resolve.go.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

Json = Any

TYPES = {
    "STRING": "string",
    "NUMBER_INTEGER": "number",
    "NUMBER_DOUBLE": "number",
    "BOOLEAN": "bool",
    "LIST": "list",
    "STRUCT": "struct",
    "TASK_FINAL_STATUS": "struct",
    "TASK_CONFIG": "struct",
}
_WITHOUT_EXPONENT = 1e21
_UNSAFE = "<>&\u2028\u2029"
"""What Go's encoding/json writes as escapes."""
_NOT_FINITE = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


def kind(value: Json) -> str:
    """`null`, `string`, `number`, `bool`, `list` or `struct`."""
    if value is None:
        return "null"
    for types, name in (
        (bool, "bool"),
        (str, "string"),
        ((int, float), "number"),
        (list, "list"),
        (dict, "struct"),
    ):
        if isinstance(value, types):
            return name
    raise TypeError(f"{type(value).__name__} is no JSON value")


def whole(value: Json) -> Json:
    """`value` as protobuf's JSON has it, at any depth: whole numbers below 1e21 as int.

    Raises ValueError for a number that no double can hold.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            raise ValueError("a number is out of range") from None
        if number.is_integer() and abs(number) < _WITHOUT_EXPONENT:
            return int(Decimal(repr(number)))
        return number
    if isinstance(value, list):
        return [whole(one) for one in value]
    if isinstance(value, dict):
        return {key: whole(value[key]) for key in sorted(value)}
    return value


def to_text(value: Json) -> str:
    """A value as the text that a STRING parameter or a placeholder gets."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    value = whole(value)
    if isinstance(value, float):
        # Never an exponent, as Go's FormatFloat(..., 'f').
        return _NOT_FINITE.get(repr(value)) or format(Decimal(repr(value)), "f")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def to_argument(value: Json) -> str:
    """A value as the driver writes it into the command of a container.

    Unlike `to_text`, fractions may have an exponent (Go's `%g`), and JSON is safe in HTML.
    Source: kubeflow/pipelines backend/src/v2/driver/util.go, pbValueToString.
    """
    value = whole(value)
    if isinstance(value, float):
        return _NOT_FINITE.get(repr(value)) or _general(value)
    text = to_text(value)
    if isinstance(value, (list, dict)):
        for character in _UNSAFE:
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _general(value: float) -> str:
    """The shortest digits of `value`, with an exponent below -4 and from 6 digits on."""
    number = Decimal(repr(value))
    sign, digits, _ = number.as_tuple()
    exponent = number.adjusted()
    if -5 < exponent < 6:
        return format(number, "f").removesuffix(".0")
    shortest = "".join(map(str, digits)).rstrip("0")
    fraction = f".{shortest[1:]}" if len(shortest) > 1 else ""
    return f"{'-' if sign else ''}{shortest[0]}{fraction}e{exponent:+03}"


def convert(name: str, value: Json, parameter_type: str) -> Json:
    """`value` for an input parameter of `parameter_type`; anything fits a STRING as text.

    Raises ValueError with the driver's message if the value is of another type.
    """
    actual = kind(value)
    if parameter_type == "STRING":
        return value if actual == "string" else to_text(value)
    if actual == "null":
        raise ValueError(f"got null for input parameter {json.dumps(name)}")
    if TYPES.get(parameter_type) != actual:
        raise ValueError(
            f"input parameter {json.dumps(name)} type mismatch: "
            f"expect {parameter_type}, got {actual}"
        )
    return whole(value)
