"""Outage: a request that has no verdict for now; another attempt may have one a moment later."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outage:
    """A request that was not answered for now. `reason` is in the server's or the system's words.

    `kind` is short, for counting: "503", "connection reset".
    """

    reason: str
    kind: str = ""
    silent: bool = True
    """Whether the server itself did not answer, rather than refuse for now."""

    ambiguous: bool = True
    """Whether what was asked for may have been done all the same."""

    retry_after: float = 0.0
    """Seconds for which the server asks to be left alone."""

    within: float = math.inf
    """Seconds for which it is asked again at most: what may be there for good has few."""

    times: int | None = None
    """How often it is asked again at most; None: as often as there is time."""


class LostResponse(Exception):  # noqa: N818  it is caught by the policy, and read by nobody
    """A response that is an outage; who asked may get it all the same, as the last one."""

    def __init__(self, outage: Outage, response: Any) -> None:
        super().__init__(outage.reason)
        self.outage = outage
        self.response = response


class Unusable(Exception):  # noqa: N818
    """A response with success that is not the server's: a page, half of one, an empty object."""

    def __init__(self, outage: Outage) -> None:
        super().__init__(outage.reason)
        self.outage = outage


def carried_by(error: BaseException) -> Outage | None:
    """The outage that an error was raised with."""
    outage = getattr(error, "outage", None)
    return outage if isinstance(outage, Outage) else None
