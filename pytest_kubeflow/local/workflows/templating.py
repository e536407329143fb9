"""Variables of Workflows: `{{name}}` and `{{=expression}}` in any text of an object.

Source: argo-workflows v4.0.5 util/template. What is not known yet stays as it is where that is
allowed: it may be known later. What is no expression ends a Workflow when it is run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_kubeflow.local.workflows.errors import WorkflowError
from pytest_kubeflow.local.workflows.expressions.errors import ExpressionError

Json = Any
_OPEN, _CLOSE = "{{", "}}"
PLACEHOLDER = "placeholder-"
"""What values begin with that are not known before a Workflow is run."""

# Values that come later than the rest: an expression with one of these waits for it.
_LATE = (
    "retries",
    "lastRetry.exitCode",
    "lastRetry.status",
    "lastRetry.duration",
    "lastRetry.message",
    "workflow.status",
    "workflow.failures",
)


def replaced(value: Json, known: Mapping[str, str], *, strict: bool = False) -> Json:
    """`value` with the variables that are `known`; keys of objects count as texts too.

    Raises WorkflowError for a tag that does not end, and where it is `strict` for one that is not
    known.
    """
    return _mapped(value, lambda tag: _replacement(tag, known, strict=strict))


def tags(value: Json) -> Iterator[str]:
    """The names between braces, in the order of the object; expressions are left out.

    Raises WorkflowError for one that does not end.
    """
    if isinstance(value, str):
        for literal, tag in _pieces(value):
            del literal
            if tag is not None and not tag.startswith("="):
                yield tag
    elif isinstance(value, dict):
        for key in value:
            yield from tags(key)
            yield from tags(value[key])
    elif isinstance(value, list):
        for one in value:
            yield from tags(one)


def _mapped(value: Json, replace: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        if _OPEN not in value:
            return value
        return "".join(
            literal + (replace(tag) if tag is not None else "") for literal, tag in _pieces(value)
        )
    if isinstance(value, dict):
        return {_mapped(key, replace): _mapped(one, replace) for key, one in value.items()}
    if isinstance(value, list):
        return [_mapped(one, replace) for one in value]
    return value


def _pieces(text: str) -> Iterator[tuple[str, str | None]]:
    """Literals and the tags after them; after the last literal there is none."""
    at = 0
    while (begin := text.find(_OPEN, at)) >= 0:
        end = text.find(_CLOSE, begin + 2)
        if end < 0:
            raise WorkflowError(
                f'Cannot find end tag="}}}}" in the template="{text}" starting from '
                f'"{text[begin:]}"'
            )
        yield text[at:begin], text[begin + 2 : end]
        at = end + 2
    yield text[at:], None


def _replacement(tag: str, known: Mapping[str, str], *, strict: bool) -> str:
    if tag.startswith("="):
        return _evaluated(tag, known, strict=strict)
    name = tag.strip()
    if name in known:
        return known[name]
    inner = tag.rfind(_OPEN)
    if inner > 0 and tag[inner + 2 :] in known:
        return f"{_OPEN}{tag[:inner]}{known[tag[inner + 2 :]]}"
    if strict:
        raise WorkflowError(f"failed to resolve {{{{{tag}}}}}")
    return f"{_OPEN}{tag}{_CLOSE}"


def _evaluated(tag: str, known: Mapping[str, str], *, strict: bool) -> str:
    from pytest_kubeflow.local.workflows.expressions.evaluation import evaluate, nested
    from pytest_kubeflow.local.workflows.expressions.go_text import to_json

    expression = tag[1:]
    if not strict and any(_uses(expression, name) and name not in known for name in _LATE):
        return f"{_OPEN}{tag}{_CLOSE}"
    try:
        found = evaluate(expression, nested(known))
    except ExpressionError as error:
        if not strict and not (error.malformed and not _is_tried(known)):
            return f"{_OPEN}{tag}{_CLOSE}"
        raise WorkflowError(f"failed to evaluate expression: {error}") from None
    if found is None:
        if not strict:
            return f"{_OPEN}{tag}{_CLOSE}"
        raise WorkflowError(f'failed to evaluate expression "{expression}"')
    return found if isinstance(found, str) else to_json(found)


def _is_tried(known: Mapping[str, str]) -> bool:
    """Whether a Workflow is validated: then some values are placeholders."""
    return any(value.startswith(PLACEHOLDER) for value in known.values())


def _uses(expression: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", expression) is not None
