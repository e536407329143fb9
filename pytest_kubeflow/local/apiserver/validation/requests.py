"""What containers ask for, and the limits that they have.

Wording: kubernetes/pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from pytest_kubeflow.local.apiserver.errors import Object
from pytest_kubeflow.local.apiserver.validation.causes import Cause, bad, quantity, required

# What a container can have besides extended resources such as example.com/gpu.
_STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage", "hugepages-")


def resources(given: Object) -> Iterator[Cause]:
    """The resources of a container."""
    parsed: dict[str, dict[str, Fraction]] = {}
    for section in ("limits", "requests"):
        for name, amount in (given.get(section) or {}).items():
            field = f"resources.{section}[{name}]"
            if "/" not in name and not name.startswith(_STANDARD_RESOURCES):
                yield bad(field, name, "must be a standard resource type or fully qualified")
            value = quantity("Pod", amount)
            if value < 0:
                yield bad(field, str(amount), "must be greater than or equal to 0")
            if "/" in name and value.denominator != 1:
                yield bad(field, str(amount), "must be an integer")
            parsed.setdefault(section, {})[name] = value
    limits = parsed.get("limits", {})
    for name, value in parsed.get("requests", {}).items():
        if name in limits and value > limits[name]:
            shown = given["requests"][name]
            yield bad(
                "resources.requests",
                str(shown),
                f"must be less than or equal to {name} limit of {given['limits'][name]}",
            )
        elif "/" in name and name not in limits:
            why = "Limit must be set for non overcommitable resources"
            yield required("resources.limits", why)
        elif "/" in name and limits[name] != value:
            yield bad(
                "resources.requests",
                str(given["requests"][name]),
                f"must be equal to {name} limit of {given['limits'][name]}",
            )
