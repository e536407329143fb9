"""Label and field selectors.

Grammar: apimachinery/pkg/labels/selector.go and pkg/fields/selector.go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pytest_kubeflow.local.apiserver.errors import Object, bad_request

Predicate = Callable[[Object], bool]

_KEY = r"(?:[A-Za-z0-9][-A-Za-z0-9.]*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?)?"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s+\(\s*({_VALUE}(?:\s*,\s*{_VALUE})*)\s*\)")
_EQUALITY = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_NUMBER = re.compile(rf"({_KEY})\s*(>|<)\s*(-?\d+)")
_EXISTS = re.compile(rf"(!?)\s*({_KEY})")
_SEPARATOR = re.compile(r"\s*(?:,\s*|$)")

Labels = Mapping[str, str]


def parse_labels(text: str) -> Callable[[Labels], bool]:
    """A predicate over labels. Raises StatusError 400 for a selector that does not parse."""
    requirements: list[Callable[[Labels], bool]] = []
    position, text = 0, text.strip()
    while position < len(text):
        for pattern, make in _FORMS:
            match = pattern.match(text, position)
            end = _SEPARATOR.match(text, match.end()) if match else None
            if match is not None and end is not None:
                requirements.append(make(*match.groups()))
                position = end.end()
                break
        else:
            raise bad_request(
                f"unable to parse requirement: found {text[position:]!r} in label selector {text!r}"
            )
    if len(requirements) == 1:
        return requirements[0]
    return lambda labels: all(holds(labels) for holds in requirements)


def _in_set(key: str, operator: str, values: str) -> Callable[[Labels], bool]:
    chosen = {value.strip() for value in values.split(",")}
    if operator == "in":
        return lambda labels: key in labels and labels[key] in chosen
    return lambda labels: labels.get(key) not in chosen


def _equals(key: str, operator: str, value: str) -> Callable[[Labels], bool]:
    if operator == "!=":
        return lambda labels: labels.get(key) != value
    return lambda labels: labels.get(key) == value


def _compares(key: str, operator: str, value: str) -> Callable[[Labels], bool]:
    bound = int(value)

    def holds(labels: Labels) -> bool:
        found = labels.get(key, "")
        if not re.fullmatch(r"-?\d+", found):
            return False
        return int(found) > bound if operator == ">" else int(found) < bound

    return holds


def _exists(negated: str, key: str) -> Callable[[Labels], bool]:
    return lambda labels: (key in labels) is not bool(negated)


_FORMS: list[tuple[re.Pattern[str], Callable[..., Callable[[Labels], bool]]]] = [
    (_SET, _in_set),
    (_EQUALITY, _equals),
    (_NUMBER, _compares),
    (_EXISTS, _exists),
]


def parse_fields(text: str, supported: frozenset[str]) -> Predicate:
    """A predicate over objects. Raises StatusError 400 for a field that is not `supported`."""
    terms: list[tuple[str, bool, str]] = []
    for term in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([^=!]+?)(==|=|!=)(.*)", term)
        if match is None:
            raise bad_request(f"invalid selector: {text!r}; can't understand {term!r}")
        field, operator, value = match.groups()
        if field not in supported:
            if len(supported) > 2:
                raise bad_request(f"field label not supported: {field}")
            known = ", ".join(f'"{one}"' for one in sorted(supported))
            raise bad_request(f'"{field}" is not a known field selector: only {known}')
        terms.append((field, operator == "!=", value))
    return lambda obj: all(
        (_field(obj, field) == value) is not negated for field, negated, value in terms
    )


def _field(obj: Object, path: str) -> str:
    found: Any = obj
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None else str(found)
