"""How far this machine's clock is from a server's, by the header `Date` of a response."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime


def skew(date: str) -> float:
    """Seconds that this machine's clock is ahead; 0 for what is no date."""
    try:
        return time.time() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return 0.0
