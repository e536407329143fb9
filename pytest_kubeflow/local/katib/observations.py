"""ObservationLogs: what trials have reported, in Katib's one table.

Columns and queries: kubeflow/katib v0.19.0, pkg/db/v1beta1/mysql. As there, trials of one name in
two namespaces share their rows.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_TABLE = (
    "CREATE TABLE IF NOT EXISTS observation_logs (trial_name VARCHAR(255) NOT NULL, "
    "id INTEGER PRIMARY KEY AUTOINCREMENT, time DATETIME(6), metric_name VARCHAR(255) NOT NULL, "
    "value TEXT NOT NULL)"
)
_INDEX = "CREATE INDEX IF NOT EXISTS trial ON observation_logs (trial_name)"
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_YEAR_ONE = "0001-01-01T00:00:00Z"


class TimeFormatError(ValueError):
    """A time is not as RFC 3339 has it; the message says so as Go's time.Parse does."""

    def __init__(self, text: str) -> None:
        layout = "2006-01-02T15:04:05.999999999Z07:00"
        super().__init__(f'parsing time "{text}" as "{layout}": cannot parse "{text}" as "2006"')


@dataclass(frozen=True, slots=True)
class MetricLog:
    """One value of a metric; `time` is RFC 3339 with up to six digits of a second, in UTC."""

    time: str
    name: str
    value: str


class ObservationLogs:
    """The table, in a file of its own or in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        if path is not None:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(_TABLE)
        self._connection.execute(_INDEX)

    def add(self, trial: str, logs: Iterable[MetricLog]) -> None:
        """Append what a trial reports; what has no time is left out. Raises TimeFormatError."""
        rows = [
            (trial, normalised(log.time), log.name, log.value) for log in logs if log.time != ""
        ]
        self._connection.executemany(
            "INSERT INTO observation_logs (trial_name, time, metric_name, value) "
            "VALUES (?, ?, ?, ?)",
            rows,
        )

    def of(
        self, trial: str, *, metric: str = "", start: str = "", end: str = ""
    ) -> list[MetricLog]:
        """What a trial has reported, by time. Raises TimeFormatError."""
        wanted, values = "trial_name = ?", [trial]
        for condition, value in (
            ("metric_name = ?", metric),
            ("time >= ?", normalised(start) if start else ""),
            ("time <= ?", normalised(end) if end else ""),
        ):
            if value:
                wanted += f" AND {condition}"
                values.append(value)
        found = self._connection.execute(
            f"SELECT time, metric_name, value FROM observation_logs WHERE {wanted} "  # noqa: S608
            "ORDER BY time, id",
            values,
        )
        return [MetricLog(_shown(time), name, value) for time, name, value in found]

    def remove(self, trial: str) -> None:
        """Forget all that trials of this name have reported."""
        self._connection.execute("DELETE FROM observation_logs WHERE trial_name = ?", (trial,))

    def close(self) -> None:
        self._connection.close()


def normalised(text: str) -> str:
    """A time of RFC 3339 in UTC, with six digits of a second. Raises TimeFormatError."""
    match = _TIME.fullmatch(text)
    if match is None:
        raise TimeFormatError(text)
    digits = (match[2] or "")[:6].ljust(6, "0")
    try:
        time = datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    except ValueError:
        raise TimeFormatError(text) from None
    try:
        time = time.astimezone(UTC)
    except OverflowError:  # before the year one, or after 9999
        raise TimeFormatError(text) from None
    return f"{time.year:04}-{time:%m-%dT%H:%M:%S}.{digits}Z"


def _shown(text: str) -> str:
    """As Go's RFC3339Nano: without zeros at the end."""
    seconds, _, digits = text.removesuffix("Z").partition(".")
    digits = digits.rstrip("0")
    return f"{seconds}.{digits}Z" if digits else f"{seconds}Z"


def year_one() -> str:
    """The time of what has none, as Go's zero time is written."""
    return _YEAR_ONE
