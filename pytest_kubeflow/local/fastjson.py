"""JSON as the components of the cluster send it to each other, by orjson.

Every change of an object is written and read once for each component that watches it: with the
standard library that is a fifth of what the cluster does.
"""

from __future__ import annotations

import json
from typing import Any

import orjson


def encode(content: Any) -> bytes:
    """Compact UTF-8; what JSON has no number for (NaN) is null."""
    try:
        return orjson.dumps(content)
    except orjson.JSONEncodeError:
        # Keys that are numbers, integers of more than 64 bits, 255 levels: YAML may bring them.
        return json.dumps(content, separators=(",", ":")).encode()


def decode(text: bytes | str) -> Any:
    """The content of a document. Raises ValueError."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Halves of surrogate pairs, which `encode` writes, and byte order marks.
        return json.loads(text)
