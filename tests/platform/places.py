"""The places of an object, for tests that put something else there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def places_in(obj: Any, *, top: bool = True) -> Iterator[tuple[Any, Any]]:
    """Each holder with a key of it, from the top down; not the kind of the object itself."""
    items: Any = ()
    if isinstance(obj, dict):
        items = [(key, value) for key, value in obj.items() if not (top and key == "kind")]
    elif isinstance(obj, list):
        items = list(enumerate(obj))
    for key, value in items:
        yield obj, key
        yield from places_in(value, top=False)
