"""Causes: what is wrong with an object, in the words of the API server.

Wording: apimachinery/pkg/util/validation and its field package.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from fractions import Fraction

from pytest_kubeflow.local.apiserver.errors import bad_request
from pytest_kubeflow.local.kube.quantity import parse_quantity

Cause = tuple[str, str, str]

LABEL = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
SUBDOMAIN_MESSAGE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    rf"for validation is '{SUBDOMAIN}')"
)
LABEL_MESSAGE = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used "
    f"for validation is '{LABEL}')"
)
MOST_LABEL = 63
_MOST_PORT = 65535


def bad(field: str, value: object, message: str) -> Cause:
    shown = f'"{value}"' if isinstance(value, str) else value
    return field, "FieldValueInvalid", f"Invalid value: {shown}: {message}"


def required(field: str, message: str = "") -> Cause:
    return field, "FieldValueRequired", f"Required value{': ' + message if message else ''}"


def unsupported(field: str, value: str, supported: Iterable[str]) -> Cause:
    listed = ", ".join(f'"{one}"' for one in supported)
    return (
        field,
        "FieldValueNotSupported",
        f'Unsupported value: "{value}": supported values: {listed}',
    )


def forbidden(field: str, message: str) -> Cause:
    return field, "FieldValueForbidden", f"Forbidden: {message}"


def shown(field: str, value: object, message: str) -> Cause:
    """A value that is no text, as JSON."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return field, "FieldValueInvalid", f"Invalid value: {text}: {message}"


def below(path: str, causes: Iterable[Cause]) -> Iterator[Cause]:
    """Causes of a part, at its place in the whole."""
    for field, reason, message in causes:
        yield f"{path}.{field}" if field else path, reason, message


def port_number(field: str, number: int) -> Iterator[Cause]:
    if not 0 < number <= _MOST_PORT:
        yield bad(field, number, f"must be between 1 and {_MOST_PORT}, inclusive")


def negative(field: str, number: int | None) -> Iterator[Cause]:
    if number is not None and number < 0:
        yield bad(field, number, "must be greater than or equal to 0")


def twice(field: str, value: str) -> Cause:
    return field, "FieldValueDuplicate", f'Duplicate value: "{value}"'


def quantity(kind: str, amount: object) -> Fraction:
    """A quantity. One that is none is no JSON of this kind for a real server, so: 400, not 422."""
    try:
        return parse_quantity(str(amount))
    except ValueError:
        raise bad_request(
            f'{kind} in version "v1" cannot be handled as a {kind}: quantities must match the '
            "regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ) from None
