"""LoadPlan: how many runs there are to be at once, and what bounds them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """`runs` runs, which end within `seconds`, or are ended."""

    runs: int
    seconds: float
    submitters: int = 8
    """Threads that submit them: as many requests at most are on their way at once."""

    refused_share: float = 0.1
    """The share of requests to one API, of all so far, that may go unanswered or get 429 or 5xx."""

    least_requests: int = 10
    """Of fewer requests a share says nothing."""

    period: float = 1.0
    """Seconds between two looks at nodes, pods and the API, while these answer quickly."""
