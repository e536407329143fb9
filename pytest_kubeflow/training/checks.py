"""Values of a JobSpec that no cluster takes, told before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.quantity import parse_quantity


def check_count(name: str, value: object, *, what: str) -> None:
    """A whole number of at least 1; `what` says so. Raises ConfigurationError for another."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigurationError(
            f"{name}={value!r} is no whole number but a {type(value).__name__}: {what}"
        )
    if value < 1:
        raise ConfigurationError(f"{name}={value}: {what}")


def check_words(name: str, value: object) -> None:
    """A list of texts, not one text, whose letters would be taken one by one."""
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ConfigurationError(f"{name} is a list, not {value!r}: write {name}=[...]")
    for one in value:
        if not isinstance(one, str):
            raise ConfigurationError(f"{name} has {one!r} in it, which is no text")


def check_env(env: object) -> None:
    """Variables by their names: texts, or what `valueFrom` has."""
    for name, value in _mapping("env", env).items():
        if not isinstance(value, str | Mapping):
            raise ConfigurationError(
                f"env has {name}={value!r}, a {type(value).__name__}: a variable is a text, or "
                'what its valueFrom has, such as {"fieldRef": {"fieldPath": "metadata.name"}}'
            )


def check_resources(requests: object, limits: object) -> None:
    """Quantities as texts, no request of which is more than its limit."""
    asked, most = _quantities("requests", requests), _quantities("limits", limits)
    for name, limit in most.items():
        request = asked.get(name)
        if request is not None and parse_quantity(request) > parse_quantity(limit):
            raise ConfigurationError(
                f"a node requests {name}={request}, which is more than its limit of {limit}: "
                f"give requests= and limits= that agree"
            )


def check_arguments(arguments: object) -> None:
    """Those of a function, by the names of its parameters."""
    _mapping("arguments", arguments)


def _quantities(which: str, given: object) -> Mapping[str, str]:
    found = _mapping(which, given)
    for name, value in found.items():
        try:
            if not isinstance(value, str):
                raise ValueError(f"{value!r} is a {type(value).__name__}; write {str(value)!r}")
            parse_quantity(value)
        except ValueError as error:
            raise ConfigurationError(f"{which} of a node, {name}: {error}") from None
    return found


def _mapping(which: str, given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f'{which} is a dictionary, such as {{"name": ...}}, not a {type(given).__name__}'
        )
    for name in given:
        if not isinstance(name, str):
            raise ConfigurationError(f"{which} has {name!r} as a name, which is no text")
    return given
