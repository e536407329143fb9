"""Functions that expressions know: those of expr-lang, Argo's own, and the usual ones of sprig.

Sources: expr-lang/expr v1.17 docs/language-definition.md, argo-workflows v3.7.3 util/expr/env, and
Masterminds/sprig v3 docs. What sprig has besides is an unknown name here.
"""

from __future__ import annotations

import base64
import json
import math
import re
import statistics
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pytest_kubeflow.local.workflows.expressions.go_text import shown, to_json

Json = Any
Closure = Callable[[Json], Json]
Function = Callable[..., Json]


def _int(value: Json) -> int:
    """Of a number, or of a text that is one."""
    return int(value, 10) if isinstance(value, str) else int(value)


def _type(value: Json) -> str:
    if value is None:
        return "nil"
    names = {bool: "bool", int: "int", float: "float", str: "string", list: "array", dict: "map"}
    return names[type(value)]


def _numbers(*values: Json) -> list[Json]:
    found: list[Json] = []
    for one in values:
        found += _numbers(*one) if isinstance(one, list) else [one]
    return found


def _flatten(values: list[Json]) -> list[Json]:
    found: list[Json] = []
    for one in values:
        found += _flatten(one) if isinstance(one, list) else [one]
    return found


def _unique(values: list[Json]) -> list[Json]:
    found: list[Json] = []
    for one in values:
        if one not in found:
            found.append(one)
    return found


_STEP = re.compile(r"\.(\w+|\*)|\[(?:'([^']*)'|\"([^\"]*)\"|(-?\d+)|(\*))\]")


def _jsonpath(text: str, path: str) -> Json:
    """The value at a path of keys, numbers and wildcards. Raises ValueError for any other path."""
    if not path.startswith("$"):
        raise ValueError(
            f"invalid JSONPath query '{path}' unexpected token '{path[:1]}' at index 0"
        )
    places, at, many = [json.loads(text)], 1, False
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise ValueError(
                f"jsonpath takes keys, numbers and wildcards here, and no '{path[at:]}'"
            )
        at = step.end()
        name, single, double, number, star = step.groups()
        if name == "*" or star:
            many = True
            places = [
                one
                for place in places
                for one in (place.values() if isinstance(place, dict) else place)
            ]
        elif number is not None:
            places = [place[int(number)] for place in places]
        else:
            key = name or single or double
            if not many and key not in places[0]:
                raise ValueError(f"key: invalid token key '{key}' not found")
            places = [place[key] for place in places if key in place]
    return places if many else places[0]


BUILTINS: dict[str, Function] = {
    "asInt": _int,
    "asFloat": float,
    "int": _int,
    "float": float,
    "string": shown,
    "toJson": to_json,
    "toJSON": to_json,
    "fromJSON": json.loads,
    "jsonpath": _jsonpath,
    "type": _type,
    "len": len,
    "abs": abs,
    "ceil": lambda value: float(math.ceil(value)),
    "floor": lambda value: float(math.floor(value)),
    "round": lambda value: float(math.floor(value + 0.5)),
    "max": lambda *values: max(_numbers(*values)),
    "min": lambda *values: min(_numbers(*values)),
    "mean": lambda *values: statistics.fmean(_numbers(*values)),
    "median": lambda *values: float(statistics.median(_numbers(*values))),
    "trim": lambda text, cut=None: text.strip(cut),
    "trimPrefix": lambda text, cut=" ": text.removeprefix(cut),
    "trimSuffix": lambda text, cut=" ": text.removesuffix(cut),
    "upper": str.upper,
    "lower": str.lower,
    "split": lambda text, by, most=-1: text.split(by, most - 1 if most > 0 else -1),
    "splitAfter": lambda text, by: [one + by for one in text.split(by)[:-1]] + text.split(by)[-1:],
    "replace": lambda text, old, new: text.replace(old, new),
    "repeat": lambda text, count: text * count,
    "join": lambda values, by="": by.join(values),
    "indexOf": lambda text, part: text.find(part),
    "lastIndexOf": lambda text, part: text.rfind(part),
    "hasPrefix": str.startswith,
    "hasSuffix": str.endswith,
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
    "take": lambda values, count: values[:count],
    "get": lambda value, key: value.get(key) if isinstance(value, dict) else value[key],
    "keys": list,
    "values": lambda value: list(value.values()),
    "toPairs": lambda value: [list(pair) for pair in value.items()],
    "fromPairs": dict,
    "reverse": lambda values: values[::-1],
    "sort": lambda values, order="asc": sorted(values, reverse=order == "desc"),
    "flatten": _flatten,
    "uniq": _unique,
    "concat": lambda *values: [one for several in values for one in several],
    "toBase64": lambda text: base64.b64encode(text.encode()).decode(),
    "fromBase64": lambda text: base64.b64decode(text).decode(),
}

CLOSURES: dict[str, Function] = {
    "all": lambda values, closure: all(closure(one) for one in values),
    "any": lambda values, closure: any(closure(one) for one in values),
    "none": lambda values, closure: not any(closure(one) for one in values),
    "one": lambda values, closure: sum(bool(closure(one)) for one in values) == 1,
    "filter": lambda values, closure: [one for one in values if closure(one)],
    "map": lambda values, closure: [closure(one) for one in values],
    "count": lambda values, closure=bool: sum(bool(closure(one)) for one in values),
    "find": lambda values, closure: next((one for one in values if closure(one)), None),
    "findIndex": lambda values, closure: next(
        (at for at, one in enumerate(values) if closure(one)), -1
    ),
    "sum": lambda values, closure=lambda one: one: sum(closure(one) for one in values),
    "sortBy": lambda values, closure: sorted(values, key=closure),
}


def _sprig_int(value: Json) -> int:
    """As sprig casts: what is no number is 0."""
    try:
        return int(float(value)) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        return 0


def _sprig_float(value: Json) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


SPRIG: dict[str, Function] = {
    "int": _sprig_int,
    "int64": _sprig_int,
    "float64": _sprig_float,
    "atoi": _sprig_int,
    "toString": shown,
    "toJson": to_json,
    "fromJson": json.loads,
    "trim": str.strip,
    "trimAll": lambda cut, text: text.strip(cut),
    "trimPrefix": lambda cut, text: text.removeprefix(cut),
    "trimSuffix": lambda cut, text: text.removesuffix(cut),
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "repeat": lambda count, text: text * count,
    "replace": lambda old, new, text: text.replace(old, new),
    "contains": lambda part, text: part in text,
    "hasPrefix": lambda part, text: text.startswith(part),
    "hasSuffix": lambda part, text: text.endswith(part),
    "quote": lambda text: json.dumps(shown(text)),
    "trunc": lambda count, text: text[:count] if count >= 0 else text[count:],
    "splitList": lambda by, text: text.split(by),
    "join": lambda by, values: by.join(map(shown, values)),
    "list": lambda *values: list(values),
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
    "add": lambda *values: sum(map(_sprig_int, values)),
    "sub": lambda one, other: _sprig_int(one) - _sprig_int(other),
    "mul": lambda *values: math.prod(map(_sprig_int, values)),
    "div": lambda one, other: int(_sprig_int(one) / _sprig_int(other)),
    "mod": lambda one, other: int(math.fmod(_sprig_int(one), _sprig_int(other))),
    "max": lambda *values: max(map(_sprig_int, values)),
    "min": lambda *values: min(map(_sprig_int, values)),
    "default": lambda other, value=None: value or other,
    "empty": lambda value: not value,
    "coalesce": lambda *values: next((one for one in values if one), None),
    "ternary": lambda one, other, test: one if test else other,
    "b64enc": lambda text: base64.b64encode(text.encode()).decode(),
    "b64dec": lambda text: base64.b64decode(text).decode(),
    "now": lambda: datetime.now(UTC).isoformat(),
}
