"""Values as text, as programs in Go write them."""

from __future__ import annotations

import json
from typing import Any

Json = Any


def shown(value: Json) -> str:
    """A value as Go prints it with %v."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if isinstance(value, list):
        return f"[{' '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{shown(one)}' for key, one in sorted(value.items()))}]"
    return str(value)


def to_json(value: Json) -> str:
    """JSON as Go's encoder writes it: without blanks, keys in order, whole numbers as such."""
    return json.dumps(_go_numbers(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _go_numbers(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, list):
        return [_go_numbers(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _go_numbers(one) for key, one in value.items()}
    return value
