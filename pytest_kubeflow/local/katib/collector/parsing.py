"""Metrics out of what trials write, as the file collector reads them.

Rules: kubeflow/katib v0.19.0, pkg/metricscollector/v1beta1/file-metricscollector.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pytest_kubeflow.local.golang.regexp import GoPattern, GoPatternError, compile_pattern
from pytest_kubeflow.local.katib.conditions import UNAVAILABLE
from pytest_kubeflow.local.katib.observations import (
    MetricLog,
    TimeFormatError,
    normalised,
    year_one,
)

DEFAULT_FILTER = r"([\w|-]+)\s*=\s*([+-]?\d*(\.\d+)?([Ee][+-]?\d+)?)"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class CollectError(Exception):
    """What a trial has written cannot be read; the message is the collector's."""


def compiled(filters: Sequence[str]) -> list[GoPattern]:
    """Filters, or the usual one. Raises CollectError."""
    try:
        return [compile_pattern(one) for one in filters or [DEFAULT_FILTER]]
    except GoPatternError as error:
        raise CollectError(f"invalid filter: {error}") from None


def matches(line: str, patterns: Sequence[GoPattern]) -> Iterator[tuple[str, str]]:
    """Names and values that a line has, whatever they are called."""
    for pattern in patterns:
        if pattern.groups < 2:
            continue
        for _, name, value, *_rest in pattern.find_all(line):
            yield name.strip(), value.strip()


def parse_text(
    lines: Iterable[str], metrics: Sequence[str], filters: Sequence[str]
) -> list[MetricLog]:
    """Values of `metrics` in lines, the first of which is the objective. Raises CollectError."""
    patterns = compiled(filters)
    found = []
    for line in lines:
        if not any(one in line for one in metrics):
            continue
        time = _leading_time(line)
        found += [
            MetricLog(time, name, value)
            for name, value in matches(line, patterns)
            if name in metrics
        ]
    return _or_unavailable(found, metrics)


def parse_json(lines: Iterable[str], metrics: Sequence[str]) -> list[MetricLog]:
    """The same out of lines of JSON objects, where values are texts. Raises CollectError."""
    found = []
    for line in lines:
        if not line:
            continue
        values = parsed_object(line)
        time = _json_time(values["timestamp"]) if "timestamp" in values else None
        found += [
            MetricLog(time or year_one(), name, _text(values[name]))
            for name in metrics
            if isinstance(values.get(name), str)
        ]
    return _or_unavailable(found, metrics)


def parsed_object(line: str) -> dict[str, Any]:
    """A line of JSON. Raises CollectError."""
    try:
        values = json.loads(
            line, parse_constant=_no_constant, parse_int=_finite, parse_float=_finite
        )
    except ValueError as error:
        raise CollectError(f"failed to parse the json object: {error}") from None
    except RecursionError:
        raise CollectError("failed to parse the json object: exceeded max depth") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        kind = _GO_TYPES.get(type(values), "number")
        raise CollectError(
            f"failed to parse the json object: json: cannot unmarshal {kind} into Go value of type "
            "map[string]interface {}"
        )
    return values


_GO_TYPES: dict[type, str] = {list: "array", str: "string", bool: "bool"}

PARSERS: dict[str, Callable[[Iterable[str], Sequence[str], Sequence[str]], list[MetricLog]]] = {
    "TEXT": parse_text,
    "JSON": lambda lines, metrics, _: parse_json(lines, metrics),
}


def _no_constant(name: str) -> None:
    raise ValueError(f"invalid character {name[0]!r} looking for beginning of value")


def _finite(text: str) -> float:
    """All numbers are float64 there."""
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"json: cannot unmarshal number {text} into Go value of type float64")
    return value


def _text(value: str) -> str:
    """Halves of surrogate pairs are no text: Go reads them as U+FFFD."""
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _leading_time(line: str) -> str:
    """The first word, where that is a time."""
    first, separator, _ = line.partition(" ")
    if not separator:
        return year_one()
    try:
        normalised(first)
    except TimeFormatError:
        return year_one()
    return first


def _json_time(value: Any) -> str | None:
    """A time as text of RFC 3339, or as seconds since the epoch."""
    if isinstance(value, str):
        try:
            normalised(value)
        except TimeFormatError:
            return None
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    # As there: what stands behind the point is taken for nanoseconds, whatever its digits are.
    whole, _, digits = f"{Decimal(repr(float(value))):f}".partition(".")
    digits = digits.rstrip("0")
    nanoseconds = int(digits[:18] or 0)
    try:
        time = _EPOCH + timedelta(seconds=int(whole) + nanoseconds // 10**9)
    except OverflowError:
        return None
    rest = f"{nanoseconds % 10**9:09d}".rstrip("0")
    seconds = f"{time.year:04}-{time:%m-%dT%H:%M:%S}"
    return f"{seconds}.{rest}Z" if rest else f"{seconds}Z"


def _or_unavailable(found: list[MetricLog], metrics: Sequence[str]) -> list[MetricLog]:
    """All that was found, if the objective is among it."""
    if any(one.name == metrics[0] for one in found):
        return found
    return [MetricLog(year_one(), metrics[0], UNAVAILABLE)]
