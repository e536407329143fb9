"""Loops: one step or task for each item of `withItems`, `withParam` or `withSequence`.

Source: argo-workflows v3.7.3 workflow/controller (expandTask, expandStep, processItem,
expandSequence) and Item of its API.
"""

from __future__ import annotations

import json
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError
from pytest_kubeflow.local.workflows.expressions.when import holds
from pytest_kubeflow.local.workflows.scope import compact, text_of
from pytest_kubeflow.local.workflows.templating import replaced

Json = Any
_LOOPS = ("withItems", "withParam", "withSequence")


def is_loop(step: Json) -> bool:
    """Whether a step or task stands for several."""
    return (
        bool(step.get("withItems") or step.get("withParam")) or step.get("withSequence") is not None
    )


def should_run(when: str) -> bool:
    """Whether `when` holds. Raises WorkflowError."""
    try:
        return holds(when)
    except ExpressionError as error:
        raise WorkflowError(str(error)) from None


def expand(step: Json) -> list[Json]:
    """A loop as the steps or tasks that it stands for; anything else as it is.

    Raises WorkflowError.
    """
    if not is_loop(step):
        return [step]
    items = _items(step)
    bare = {key: value for key, value in step.items() if key not in _LOOPS}
    return [_iteration(bare, number, item) for number, item in enumerate(items)]


def _items(step: Json) -> list[Json]:
    try:
        if step.get("withItems"):
            return list(step["withItems"])
        if step.get("withParam"):
            return _from_parameter(step["withParam"])
        return _from_sequence(step["withSequence"])
    except WorkflowError:
        # What is not to run has no need of items.
        if _certainly_not(step.get("when", "")):
            return []
        raise


def _certainly_not(when: str) -> bool:
    try:
        return not holds(when)
    except ExpressionError:
        return False


def _from_parameter(text: str) -> list[Json]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        why = _complaint(text, error)
    else:
        if isinstance(found, list):
            return found
        kinds = {dict: "object", str: "string", bool: "bool", int: "number", float: "number"}
        kind = kinds.get(type(found), "value")
        why = f"json: cannot unmarshal {kind} into Go value of type []v1alpha1.Item"
    raise WorkflowError(
        f"withParam value could not be parsed as a JSON list: {text.strip()}: {why}"
    )


def _complaint(text: str, error: json.JSONDecodeError) -> str:
    """The words of Go's reader of JSON, as far as they are those of a text that is no JSON."""
    bare = text.strip()
    if not bare:
        return "unexpected end of JSON input"
    if error.msg == "Extra data":
        return f"invalid character '{text[error.pos]}' after top-level value"
    if error.pos > len(text) - len(text.lstrip()):
        return str(error)
    word = {"n": "null", "t": "true", "f": "false"}.get(bare[0])
    if word is None:
        return f"invalid character '{bare[0]}' looking for beginning of value"
    for found, wanted in zip(bare, word, strict=False):
        if found != wanted:
            return f"invalid character '{found}' in literal {word} (expecting '{wanted}')"
    return "unexpected end of JSON input"


def _from_sequence(sequence: Json) -> list[Json]:
    start = _number(sequence.get("start", 0))
    if sequence.get("end") is not None:
        end = _number(sequence["end"])
    elif sequence.get("count") is not None:
        count = _number(sequence["count"])
        if count == 0:
            return []
        end = start + count - 1
    else:
        raise WorkflowError("neither end nor count was specified in withSequence")
    numbers = range(start, end + 1) if start <= end else range(start, end - 1, -1)
    form = sequence.get("format") or "%d"
    try:
        return [form % one for one in numbers]
    except (TypeError, ValueError) as error:
        raise WorkflowError(f"withSequence.format {form!r}: {error}") from None


def _number(value: Json) -> int:
    text = text_of(value)
    try:
        return int(text)
    except ValueError:
        raise WorkflowError(f'strconv.Atoi: parsing "{text}": invalid syntax') from None


def _iteration(step: Json, number: int, item: Json) -> Json:
    known: dict[str, str]
    if isinstance(item, dict):
        known = {f"item.{key}": text_of(value) for key, value in item.items()}
        label = ",".join(sorted(f"{key}:{text_of(value)}" for key, value in item.items()))
        known["item"] = compact(item)
    elif isinstance(item, list):
        known = {"item": compact(item)}
        label = f"[{' '.join(map(text_of, item))}]"
    elif item is None:
        raise WorkflowError(
            f"withItems[{number}] expected string, number, list, or map. received: null"
        )
    else:
        known = {"item": text_of(item)}
        label = text_of(item)
    strict = not _certainly_not(step.get("when", ""))
    made: Json = replaced(step, known, strict=strict)
    label = label.replace("(", "").replace(")", "")
    return made | {"name": f"{step['name']}({number}:{label})"}
