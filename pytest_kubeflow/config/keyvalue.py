"""KeyValue: a label, an annotation or an amount, as people write it: `key=value`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kubeflow.quantity import parse_quantity

_PREFIX = r"(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?"
_NAME = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_KEY = re.compile(_PREFIX + _NAME, re.ASCII)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LABEL_VALUE = re.compile(rf"(?:{_NAME})?", re.ASCII)
# A comma or a line break ends a pair only where another one begins: values may have commas.
_BETWEEN = re.compile(rf"[,\n]\s*(?={_PREFIX}{_NAME}=)", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One pair."""

    key: str
    value: str

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


def parse_annotations(text: str) -> tuple[KeyValue, ...]:
    """Pairs with commas or line breaks between them; a value may be any text.

    Raises ValueError that says which part is wrong, as do all of these.
    """
    return tuple(_pairs(text))


def parse_labels(text: str) -> tuple[KeyValue, ...]:
    """Pairs whose values are those of labels."""
    found = tuple(_pairs(text))
    for pair in found:
        if not _LABEL_VALUE.fullmatch(pair.value):
            raise ValueError(
                f"{pair.value!r} is no value of a label: at most 63 letters, digits, '-', '_' "
                "and '.', with a letter or a digit at both ends"
            )
    return found


def parse_variables(text: str) -> tuple[KeyValue, ...]:
    """Variables of an environment: `HTTPS_PROXY=http://proxy:3128`."""
    found = tuple(_pairs(text))
    for pair in found:
        if not _VARIABLE.fullmatch(pair.key):
            raise ValueError(
                f"{pair.key!r} is no name of a variable: letters, digits and '_', no digit first"
            )
    return found


def parse_amounts(text: str) -> tuple[KeyValue, ...]:
    """Resources and how much of them: `cpu=100m,memory=128Mi`."""
    found = tuple(_pairs(text))
    for pair in found:
        if parse_quantity(pair.value) < 0:
            raise ValueError(f"{pair.value!r} is less than nothing")
    return found


def excess(requests: tuple[KeyValue, ...], limits: tuple[KeyValue, ...]) -> str | None:
    """Which request is above its limit, for people; Kubernetes takes none that is."""
    most = {limit.key: limit for limit in limits}
    for request in requests:
        limit = most.get(request.key)
        if limit and parse_quantity(request.value) > parse_quantity(limit.value):
            return f"{request} is more than its limit, {limit}"
    return None


def _pairs(text: str) -> Iterator[KeyValue]:
    for part in _BETWEEN.split(text):
        key, equals, value = part.partition("=")
        if not equals or not _KEY.fullmatch(key.strip()):
            raise ValueError(f"{part.strip()!r} is not KEY=VALUE with a key as Kubernetes takes it")
        yield KeyValue(key.strip(), value.strip())
