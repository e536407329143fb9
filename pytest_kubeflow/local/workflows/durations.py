"""Durations as Go writes them."""

from __future__ import annotations

import re

from pytest_kubeflow.local.workflows.errors import WorkflowError

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def seconds_of(text: str) -> float:
    """The seconds of `1h30m`, or of a number of seconds. Raises WorkflowError."""
    if re.fullmatch(r"[+-]?\d+", text):
        return float(text)
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text.lstrip("+"):
        raise WorkflowError(
            f'unable to parse {text} as a duration: time: invalid duration "{text}"'
        )
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def written(seconds: float) -> str:
    """As Argo tells how long it waits: `1 minute 30 seconds`."""
    left, words = int(seconds), []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, left = divmod(left, size)
        if count:
            words.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " ".join(words[:2]) or "0 seconds"
