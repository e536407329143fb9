"""What is refused of a trial template that is a Job: what Kubernetes' own type would lose of it.

Rules and words: kubeflow/katib v0.19.0, pkg/webhook/v1beta1/experiment/validator, validateTrialJob.
Differences are found in an order of chance there, and by their paths here. The template is shown
with its fields in another order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from pytest_kubeflow.local.kube.client import Object

WriteBack = Callable[[Object], Object]
"""A Job as it is written after it was read. Raises ValueError for a value of another type."""

_SHORT = 1_000_000
_FREE = ("/resources/limits/", "/resources/requests/")


def job_error(spec: Object, write_back: WriteBack) -> str | None:
    """Why a template is none of a Job; None: it is, or it is of another kind."""
    if (spec.get("apiVersion"), spec.get("kind")) != ("batch/v1", "Job"):
        return None
    try:
        made = write_back(spec)
    except ValueError as error:
        return f"unable to convert spec.TrialTemplate: {go_text(spec)} to Job: {error}"
    for path, value in _lost(made, spec, ""):
        if not any(one in path for one in _FREE):
            text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
            shown = _float_text(value) if type(value) is int else go_text(value)
            return f"unable to convert: {path} - {shown} to Job, converted template: {text}"
    return None


def go_text(value: Any) -> str:
    """A value of JSON as Go's `%v` prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_text(one)}' for key, one in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_text, value))}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _float_text(value: int) -> str:
    """A number as it is printed where all numbers are float64."""
    if abs(value) < _SHORT:
        return str(value)
    sign, digits, exponent = Decimal(repr(float(value))).normalize().as_tuple()
    assert isinstance(exponent, int)
    mantissa = "".join(map(str, digits))
    text = f"{mantissa[0]}.{mantissa[1:]}".rstrip(".")
    return f"{'-' * sign}{text}e+{exponent + len(digits) - 1:02}"


def _lost(made: Any, wanted: Any, path: str) -> Iterator[tuple[str, Any]]:
    """What of `wanted` is missing from `made`, or other there, by its path."""
    if isinstance(made, dict) and isinstance(wanted, dict):
        for key, value in sorted(wanted.items()):
            place = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key in made:
                yield from _lost(made[key], value, place)
            else:
                yield place, value
    elif isinstance(made, list) and isinstance(wanted, list) and len(made) == len(wanted):
        for number, (one, other) in enumerate(zip(made, wanted, strict=True)):
            yield from _lost(one, other, f"{path}/{number}")
    elif made != wanted or isinstance(made, bool) != isinstance(wanted, bool):
        yield path, wanted
