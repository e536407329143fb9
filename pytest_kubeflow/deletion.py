"""Removing many things: all of them are tried, and the first error is raised at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol

from pytest_kubeflow.errors import KubeflowError


class Deletable(Protocol):
    """Something on a cluster that takes a while to be gone."""

    def delete(self, *, wait: bool) -> None:
        """Remove it; with `wait`, until it is gone."""


def in_turn(steps: Iterable[Callable[[], object]]) -> None:
    """Do all steps, whatever fails. Raises the first KubeflowError, after the last step."""
    errors: list[KubeflowError] = []
    for step in steps:
        try:
            step()
        except KubeflowError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def deletions(things: Sequence[Deletable]) -> list[Callable[[], None]]:
    """The steps that remove them, newest first; all begin before the first is waited for."""
    return [partial(one.delete, wait=wait) for wait in (False, True) for one in reversed(things)]
