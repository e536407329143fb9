"""Conditions of custom objects, in the order in which their controllers have written them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_kubeflow.k8s.objects.custom_object import ObjectState


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: "Succeeded", whether it holds now, and why."""

    type: str
    is_true: bool
    reason: str = ""
    message: str = ""
    since: str = ""

    def __str__(self) -> str:
        message = ": ".join(filter(None, (self.reason, self.message)))
        return f"{self.type} {'True' if self.is_true else 'False'}" + (
            f" ({message})" if message else ""
        )


def conditions_of(thing: Mapping[str, Any]) -> tuple[Condition, ...]:
    """Of an object of any kind. Those of Katib and of the training operator are a history."""
    return tuple(
        Condition(
            str(one.get("type")),
            one.get("status") == "True",
            str(one.get("reason") or ""),
            " ".join(str(one.get("message") or "").split()),
            str(one.get("lastTransitionTime") or ""),
        )
        for one in (thing.get("status") or {}).get("conditions") or ()
    )


def condition(thing: Mapping[str, Any], name: str) -> Condition | None:
    """The condition of this type; None while there is none."""
    return next((one for one in conditions_of(thing) if one.type == name), None)


def holds(thing: Mapping[str, Any], name: str) -> bool:
    """Whether this condition holds now."""
    found = condition(thing, name)
    return found is not None and found.is_true


@dataclass(frozen=True)
class ConditionedState(ObjectState):
    """An object whose controller tells of it by conditions."""

    @property
    def spec(self) -> Mapping[str, Any]:
        """What was asked for, with the defaults that webhooks have filled in."""
        found: Mapping[str, Any] = self.object.get("spec") or {}
        return found

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Those that hold or held: the training operator's and Katib's are a history."""
        return conditions_of(self.object)

    def condition(self, name: str) -> Condition | None:
        """The condition of this type; None while there is none."""
        return condition(self.object, name)

    def holds(self, name: str) -> bool:
        """Whether this condition holds now."""
        return holds(self.object, name)
