"""Rules of schemas in CEL (`x-kubernetes-validations`), by common-expression-language.

What that library cannot read (the functions that Kubernetes adds to CEL) is not checked; a rule
about `oldSelf` is checked where there is an old value, as on a real server.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import Cause

_RULES = "x-kubernetes-validations"
_REASONS = {"FieldValueForbidden": "Forbidden", "FieldValueRequired": "Required value"}


def has_rules(schema: Object | None) -> bool:
    """Whether a schema has any."""
    if not isinstance(schema, dict):
        return False
    inner = (schema.get("properties") or {}).values()
    below = (*inner, schema.get("items"), schema.get("additionalProperties"))
    return bool(schema.get(_RULES)) or any(has_rules(one) for one in below)


def broken_rules(schema: Object | None, value: Any, old: Any, path: str) -> Iterator[Cause]:
    """Rules that a value does not keep, and those of what is in it."""
    if not isinstance(schema, dict) or value is None:
        return
    for rule in schema.get(_RULES) or []:
        if not _kept(rule["rule"], value, old):
            why = rule.get("message") or f"failed rule: {rule['rule']}"
            reason = rule.get("reason", "FieldValueInvalid")
            message = f'Invalid value: "{schema.get("type", "")}"'
            place = f"{path}{rule.get('fieldPath', '')}" or "<nil>"
            yield place, reason, f"{_REASONS.get(reason, message)}: {why}"
    if isinstance(value, dict):
        properties = schema.get("properties") or {}
        extra = schema.get("additionalProperties")
        before = old if isinstance(old, dict) else {}
        for key, inner in value.items():
            below = f"{path}.{key}" if path else key
            yield from broken_rules(properties.get(key, extra), inner, before.get(key), below)
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from broken_rules(schema.get("items"), inner, None, f"{path}[{at}]")


def _kept(rule: str, value: Any, old: Any) -> bool:
    program = _compiled(rule)
    if program is None or ("oldSelf" in rule and old is None):
        return True
    try:
        return program.execute({"self": value, "oldSelf": old}) is not False
    except (RuntimeError, TypeError, ValueError):
        return True


@cache
def _compiled(rule: str) -> Any:
    import cel

    try:
        return cel.compile(rule)
    except ValueError:
        return None
