"""Bodies of requests: JSON and YAML of anybody, of which no more is taken than a server can take.

`fastjson` is for what the components send each other.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

import orjson
import yaml

from pytest_kubeflow.local.aliases import check_aliases

MOST_LEVELS = 250
"""Of lists and objects in each other. Go takes 10,000, and no client needs them."""

_HALVES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def parse_json(body: bytes) -> Any:
    """The content of a body. Raises ValueError, also for NaN, infinities and too many levels.

    Halves of surrogate pairs become U+FFFD, as Go reads them.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        text = body.decode(errors="replace")
        whole = _HALVES.sub(lambda found: r"\ufffd" if found[1] else found[0], text)
        if whole.encode() == body:
            raise ValueError(str(error)) from None
        content = orjson.loads(whole)
    if body.count(b"[") + body.count(b"{") > MOST_LEVELS:
        check_levels(content)
    return content


class _Members(list[tuple[str, Any]]):
    """An object with all its members, those of one name too."""


def duplicate_members(body: bytes) -> list[str]:
    """Paths of members that a JSON body has twice, `data.a`; none of what is no JSON."""
    try:
        if orjson.dumps(orjson.loads(body)) == body:
            return []  # as components of the cluster write it: it has lost nothing
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass  # it is none, or one of a kind that is read in another way
    try:
        parse_json(body)
        content = json.loads(body, object_pairs_hook=_Members)
    except ValueError:
        return []
    return list(_duplicates(content, ""))


def _duplicates(content: Any, path: str) -> Iterator[str]:
    if isinstance(content, _Members):
        seen = set()
        for name, inner in content:
            below = f"{path}.{name}" if path else name
            if name in seen:
                yield below
            seen.add(name)
            yield from _duplicates(inner, below)
    elif isinstance(content, list):
        for at, inner in enumerate(content):
            yield from _duplicates(inner, f"{path}[{at}]")


def parse_yaml(body: bytes) -> Any:
    """The content of a YAML document as JSON has it. Raises ValueError.

    Aliases that make a small document large are refused.
    """
    try:
        content = yaml.safe_load(body)
        check_aliases(content)
        check_levels(content)
        _check_numbers(content)
        return orjson.loads(orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS))
    except yaml.YAMLError as error:
        raise ValueError(f"error converting YAML to JSON: {error}") from None
    except RecursionError:
        raise ValueError("exceeded max depth") from None
    except TypeError as error:  # orjson's own error is one
        raise ValueError(f"error converting YAML to JSON: {error}") from None


def check_levels(content: Any) -> None:
    """Raises ValueError if there are more than `MOST_LEVELS` of them."""
    level = [content] if isinstance(content, dict | list) else []
    for _ in range(MOST_LEVELS):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ValueError("exceeded max depth")


def _check_numbers(content: Any) -> None:
    """Raises ValueError for numbers that JSON has not."""
    if isinstance(content, float) and not math.isfinite(content):
        raise ValueError(f"json: unsupported value: {content}")
    if isinstance(content, dict | list):
        for inner in content.values() if isinstance(content, dict) else content:
            _check_numbers(inner)
