"""InClusterSettings: how a session runs inside the cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InClusterSettings:
    """How a session runs inside the cluster."""

    suites: tuple[str, ...] = ()
    """Folders of the shipped suites; empty: all."""

    name: str = "acceptance"
    """What its objects are called."""

    image: str | None = None
    """What its pod runs."""

    schedule: str = "30 2 * * *"
    """Five fields of cron."""

    deadline: float = 4 * 3600.0
    """Seconds."""

    claim: str | None = None
    """An existing claim for what it writes; None: one is made."""

    secret: str | None = None
    """The Secret with its passwords and keys."""

    report_secret: str | None = None
    """The Secret with the keys for its bucket of reports: accesskey and secretkey."""
