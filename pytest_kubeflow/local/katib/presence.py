"""Presence: whether a part of Katib has a pod, which is when it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


def _always() -> bool:
    return True


def _never_changes(_listener: Callable[[], None]) -> None:
    return None


@dataclass(frozen=True)
class Presence:
    """`works` says it now; listeners of `on_change` are called whenever that may have changed."""

    works: Callable[[], bool] = _always
    on_change: Callable[[Callable[[], None]], None] = _never_changes
