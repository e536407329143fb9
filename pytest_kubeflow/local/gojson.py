"""What Go's encoding/json calls the values of JSON, in its messages about types."""

from __future__ import annotations

from typing import Any


def json_type(value: Any) -> str:
    """One of bool, number, string, array and object."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
