"""Fields of objects whose types nobody has checked: what is of another type counts as absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Object = Mapping[str, Any]
"""An object of Kubernetes, as its JSON."""

_NOTHING: Object = {}


def _at(obj: object, path: tuple[str, ...]) -> object:
    found = obj
    for key in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return found


def mapping(obj: object, *path: str) -> Object:
    """The object there; an empty one if there is none."""
    found = _at(obj, path)
    return found if isinstance(found, Mapping) else _NOTHING


def text(obj: object, *path: str) -> str:
    """The string there; "" if there is none."""
    found = _at(obj, path)
    return found if isinstance(found, str) else ""


def number(obj: object, *path: str) -> int | None:
    """The integer there; None if there is none."""
    found = _at(obj, path)
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def flag(obj: object, *path: str) -> bool:
    """Whether there is a true there."""
    return _at(obj, path) is True


def items(obj: object, *path: str) -> Sequence[Object]:
    """The objects in the list there, without what is none."""
    found = _at(obj, path)
    if not isinstance(found, list):
        return ()
    return tuple(one for one in found if isinstance(one, Mapping))


def texts(obj: object, *path: str) -> Sequence[str]:
    """The strings in the list there, without what is none."""
    found = _at(obj, path)
    if not isinstance(found, list):
        return ()
    return tuple(one for one in found if isinstance(one, str))


def pairs(obj: object, *path: str) -> Mapping[str, str]:
    """The strings of the object there by their keys: labels, annotations, data."""
    found = mapping(obj, *path)
    return {
        key: value
        for key, value in found.items()
        if isinstance(key, str) and isinstance(value, str)
    }


def time(obj: object, *path: str) -> datetime | None:
    """The time there, as RFC 3339 has it; None if there is none."""
    try:
        found = datetime.fromisoformat(text(obj, *path))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def condition(obj: object, kind: str) -> Object:
    """The condition of this type in the status; an empty object if there is none."""
    found = (one for one in items(obj, "status", "conditions") if text(one, "type") == kind)
    return next(found, _NOTHING)


def name_of(obj: object) -> str:
    """`namespace/name`, or the name of what is in no namespace."""
    namespace, name = text(obj, "metadata", "namespace"), text(obj, "metadata", "name")
    return f"{namespace}/{name}" if namespace else name
