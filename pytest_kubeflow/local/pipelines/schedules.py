"""When recurring runs are due: cron expressions and intervals, between a start and an end.

Source: kubeflow/pipelines backend/src/crd/controller/scheduledworkflow/util. What is due at a time
that no calendar holds is never due.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pytest_kubeflow.local import cron


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either `cron` or `interval` (seconds) is set; with neither it is due once, at once.

    Times are in UTC.
    """

    cron: str = ""
    interval: int = 0
    start: datetime | None = None
    end: datetime | None = None

    def check(self) -> None:
        """Raise CronError if the expression is none."""
        if self.cron:
            cron.parse(self.cron)

    def next(
        self, last: datetime | None, created: datetime, now: datetime, *, catch_up: bool
    ) -> datetime | None:
        """When it is due after `last` (None: never yet); None if it is not due any more.

        Without `catch_up`, of those that were missed only the latest counts.
        """
        if not self.cron and not self.interval:
            return None if last else created
        begin = last or self.start or created
        due = self._after(begin)
        if due is None or catch_up:
            return due
        until = min(now, self.end or now)
        if self.interval:
            missed = (now - due).total_seconds() >= self.interval
            return until if missed else due
        return cron.parse(self.cron).latest(due, until) if until > due else due

    def _after(self, moment: datetime) -> datetime | None:
        if self.start is not None and self.start > moment:
            moment = self.start
            due = moment if self.interval else cron.parse(self.cron).after(moment)
        elif self.interval:
            due = _later(moment, self.interval)
        else:
            due = cron.parse(self.cron).after(moment)
        return None if due is None or (self.end is not None and self.end < due) else due


def _later(moment: datetime, seconds: int) -> datetime | None:
    try:
        return moment + timedelta(seconds=seconds)
    except OverflowError:
        return None
