"""The part of GJSON in which conditions of trials are written, over objects of JSON.

Syntax: tidwall/gjson v1.18, SYNTAX.md. There is a library for Python, gjson (gjson-py), under the
GPL 3, which a project under Apache 2 cannot take in; and what Katib's users write is a handful of
forms: paths with dots and indexes, `#`, queries `#(...)` and `#(...)#`, and pipes. What is none of
these (modifiers, multipaths, literals, wildcards) is refused by name.
"""

from __future__ import annotations

import fnmatch
import json
import operator
from collections.abc import Callable
from typing import Any

Missing = object()
"""What a path that leads nowhere gives."""

_OPERATORS: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    ("==", operator.eq),
    ("!=", operator.ne),
    ("<=", operator.le),
    (">=", operator.ge),
    ("!%", lambda found, pattern: not fnmatch.fnmatchcase(found, pattern)),
    ("<", operator.lt),
    (">", operator.gt),
    ("%", fnmatch.fnmatchcase),
    ("=", operator.eq),
)


class UnsupportedPathError(ValueError):
    """A path has a form that is not understood here."""


def get(value: Any, path: str) -> Any:
    """What is at `path` of `value`; `Missing` if nothing is. Raises UnsupportedPathError."""
    for part in _split(path, "|"):
        value = _walk(value, _split(part, "."))
        if value is Missing:
            return Missing
    return value


def condition(value: Any, path: str) -> Any:
    """The object at `path`, or the first of the list there; `Missing` if it is neither."""
    found = get(value, path)
    if isinstance(found, list):
        return found[0] if found else Missing
    return found if isinstance(found, dict) else Missing


def _walk(value: Any, parts: list[str]) -> Any:
    for number, part in enumerate(parts):
        rest = parts[number + 1 :]
        if part.startswith("#("):
            found = _query(value, part)
            if not part.endswith("#"):
                value = found[0] if found else Missing
            elif rest:
                return _each(found, rest)
            else:
                return found if isinstance(value, list) else Missing
        elif part == "#":
            if not isinstance(value, list):
                return Missing
            return _each(value, rest) if rest else len(value)
        else:
            value = _member(value, part)
        if value is Missing:
            return Missing
    return value


def _each(values: list[Any], parts: list[str]) -> list[Any]:
    found = (_walk(one, parts) for one in values)
    return [one for one in found if one is not Missing]


def _member(value: Any, name: str) -> Any:
    if name[:1] in {"@", "!", "{", "["} or any(one in name for one in "*?"):
        raise UnsupportedPathError(
            f"GJSON path part {name!r}: modifiers, literals, multipaths and wildcards are not "
            "understood here; paths, #, #(...), #(...)# and | are"
        )
    name = name.replace("\\", "")
    if isinstance(value, dict):
        return value.get(name, Missing)
    if isinstance(value, list) and name.isdigit():
        return value[int(name)] if int(name) < len(value) else Missing
    return Missing


def _query(value: Any, part: str) -> list[Any]:
    end = part.rfind(")")
    if end == -1 or part[end + 1 :] not in {"", "#"}:
        raise UnsupportedPathError(f"GJSON query {part!r} has no end")
    if not isinstance(value, list):
        return []
    path, compare, wanted = _comparison(part[2:end])
    found = []
    for one in value:
        left = one if path == "" else get(one, path)
        if left is Missing:
            continue
        if compare is None or _compares(compare, left, wanted):
            found.append(one)
    return found


def _comparison(text: str) -> tuple[str, Callable[[Any, Any], bool] | None, Any]:
    """Path, operator and value of a query; without an operator it asks whether there is one."""
    depth, quoted = 0, False
    for place, sign in enumerate(text):
        if sign == '"' and text[place - 1 : place] != "\\":
            quoted = not quoted
        elif not quoted and sign in "()":
            depth += 1 if sign == "(" else -1
        elif not quoted and depth == 0:
            for word, compare in _OPERATORS:
                if text.startswith(word, place):
                    wanted = text[place + len(word) :].strip()
                    return text[:place].strip(), compare, _literal(wanted)
    return text.strip(), None, None


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        if text.startswith("~"):
            raise UnsupportedPathError(f"GJSON value {text!r} is not understood here") from None
        return text


def _compares(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    is_text = isinstance(left, str) and isinstance(right, str)
    is_number = all(
        isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right)
    )
    same_kind = is_text or is_number or (isinstance(left, bool) and isinstance(right, bool))
    if not same_kind or (compare is fnmatch.fnmatchcase and not is_text):
        return False
    try:
        return compare(left, right)
    except TypeError:
        return False


def _split(path: str, separator: str) -> list[str]:
    """The parts of a path between separators that are not in a query or escaped."""
    parts, start, depth, quoted, escaped = [], 0, 0, False, False
    for place, sign in enumerate(path):
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif sign == '"':
            quoted = not quoted if depth else False
        elif not quoted and sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == separator and depth == 0 and not quoted:
            parts.append(path[start:place])
            start = place + 1
    parts.append(path[start:])
    return parts
