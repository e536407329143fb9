"""NotebookSettings: what the notebooks that tests make are like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotebookSettings:
    """What the notebooks that tests make are like."""

    image: str | None = None
    """Their image; None for the one that the web app's form begins with."""
