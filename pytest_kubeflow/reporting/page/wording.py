"""Durations, dates and amounts as the page writes them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def duration(seconds: float | None) -> str:
    """Such as "0.4 s", "38 s", "11 min 20 s", "2 h 05 min"; nothing for None."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"


def moment(seconds: float | None) -> str:
    """Such as "29 Nov 2026, 02:14 UTC"."""
    at = _when(seconds)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC" if at else ""


def day(seconds: float | None) -> str:
    """Such as "29 Nov"."""
    at = _when(seconds)
    return f"{at.day} {_MONTHS[at.month - 1]}" if at else ""


def stamp(seconds: float | None) -> str:
    """The same for machines: "2026-11-29T02:14:07Z"."""
    at = _when(seconds)
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""


def count(number: int, noun: str, plural: str = "") -> str:
    """Such as "1 test", "1,200 tests"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(items: list[str]) -> str:
    """Such as "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _when(seconds: float | None) -> datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
