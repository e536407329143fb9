"""Times as the API writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def timestamp(after: timedelta = timedelta()) -> str:
    """Now, or a little later: RFC 3339 in UTC, to the second."""
    return written(datetime.now(UTC) + after)


def written(moment: datetime) -> str:
    """A moment in UTC as metav1.Time writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def age(since: str) -> str:
    """How long ago a timestamp was, as `duration` writes it."""
    passed = datetime.now(UTC) - datetime.fromisoformat(since)
    return duration(max(0, int(passed.total_seconds())))


def duration(seconds: int) -> str:
    """`45s`, `3m12s`, `5h`, `2d`, as kubectl writes ages.

    Thresholds: HumanDuration in apimachinery/pkg/util/duration.
    """
    minutes, hours = seconds // _MINUTE, seconds // _HOUR
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    if minutes < 10:
        return _pair(minutes, "m", seconds % _MINUTE, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if seconds < 2 * _DAY:
        return f"{hours}h"
    if seconds < 8 * _DAY:
        return _pair(hours // 24, "d", hours % 24, "h")
    return f"{seconds // _DAY}d"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
