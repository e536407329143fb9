"""Texts of a cluster as a page can show them: escape codes are removed, hidden characters shown.

HTML is escaped by the templates; this is about what escaping leaves: characters that reorder what
stands beside them, that take no room, or that no encoder takes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

from pytest_kubeflow.plain_text import plain

_Record = TypeVar("_Record")

_LONGEST = 30_000
"""Characters of one text that are looked at; a page never shows as many."""

_HIDDEN = re.compile(
    "["
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\uffff\ud800-\udfff"
    "\U000e0000-\U000e0fff"
    "]"
)
"""Direction marks, overrides and isolates, separators of lines, what has no width, surrogates.

The joiners U+200C and U+200D are left alone: Persian and emoji are written with them.
"""


def visible(text: str) -> str:
    """`text` with its hidden characters spelled out, like ⟦U+202E⟧; a very long middle is cut."""
    if len(text) > _LONGEST:
        half = _LONGEST // 2
        text = f"{text[:half]}\n… {len(text) - 2 * half:,} characters …\n{text[-half:]}"
    return _HIDDEN.sub(lambda found: f"⟦U+{ord(found[0]):04X}⟧", plain(text))


def short(text: str, limit: int = 300) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def all_visible(record: _Record) -> _Record:
    """A record, and all records in it, with all of their texts visible."""
    return cast(_Record, _seen(record))


def _seen(value: Any) -> Any:
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, tuple):
        return tuple(_seen(each) for each in value)
    if isinstance(value, list):
        return [_seen(each) for each in value]
    if isinstance(value, Mapping):
        return {_seen(name): _seen(each) for name, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _seen(getattr(value, f.name)) for f in fields(value)})
    return value
