"""Attempt: one request that was sent, and what became of it, for whoever measures a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """`seconds` until the response was read; `status` is 0 where there was none that is usable.

    `client` is that of the policy: "pipelines", "Kubernetes".
    """

    client: str
    method: str
    url: str
    seconds: float
    status: int

    @property
    def is_refused(self) -> bool:
        """Whether the server was not there, or had too much to do: no response, 429 or 5xx."""
        return self.status in {0, 429} or self.status >= 500


AttemptObserver = Callable[[Attempt], None]
"""Is told each attempt, in the thread that made it."""
