"""Housekeeping: what a session wants of those that make and remove things on its behalf."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_kubeflow.k8s.sessions.renewal import Renewal


@dataclass(frozen=True)
class Housekeeping:
    """Without any of it, all that was made is removed, and nobody is told of anything."""

    keeps: Callable[[str], bool] = lambda _: False
    """Whether a thing of ours, by name, is to stay at its end."""

    has_kept: Callable[[], bool] = lambda: False
    """Whether anything of the session was to stay so far."""

    reaped: Callable[[str], None] = lambda _: None
    """Is told each thing of earlier sessions that was removed."""

    beside: Callable[[str], None] = lambda _: None
    """Is told each session that runs on the cluster as well."""

    failed: Callable[[str], None] = lambda _: None
    """Is told what could not be renewed."""

    purge: Callable[[str], None] = lambda _: None
    """Removes what a namespace of ours has in the object store; before it goes, and after."""

    renewal: Renewal | None = None
    """Renews what is added to it, as long as the session lives."""
