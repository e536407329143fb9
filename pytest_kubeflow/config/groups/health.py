"""HealthSettings: what is done with the findings of platform health."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """What is done with the findings of platform health."""

    json: Path | None = None
    """A file for all of them; None: it is not written."""

    fails_on: str = "broken"
    """The least severity that fails: broken, degraded or notice."""
