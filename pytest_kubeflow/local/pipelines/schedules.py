"""When recurring runs are due: cron expressions and intervals, between a start and an end.

Source: kubeflow/pipelines backend/src/crd/controller/scheduledworkflow/util. Cron expressions are
those of robfig/cron: seconds first, the day of the week may be left out, `@hourly` and the like.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cronsim import CronSim, CronSimError

_DESCRIPTORS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}


class ScheduleError(ValueError):
    """A cron expression that is none."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either `cron` or `interval` (seconds) is set. Times are in UTC."""

    cron: str = ""
    interval: int = 0
    start: datetime | None = None
    end: datetime | None = None

    def check(self) -> None:
        """Raise ScheduleError if this is no schedule."""
        if self.cron:
            _next(self.cron, datetime(2026, 1, 1, tzinfo=UTC))

    def next(
        self, last: datetime | None, created: datetime, now: datetime, *, catch_up: bool
    ) -> datetime | None:
        """When it is due after `last` (None: never yet); None if it is not due any more.

        Without `catch_up`, of those that were missed only the latest counts.
        """
        begin = last or self.start or created
        due = self._after(begin)
        if due is None or catch_up:
            return due
        if self.interval:
            missed = now >= due + timedelta(seconds=self.interval)
            return min(now, self.end or now) if missed else due
        while (following := self._after(due)) is not None and following <= now:
            due = following
        return due

    def _after(self, moment: datetime) -> datetime | None:
        if self.start is not None and self.start > moment:
            moment = self.start
            due = moment if self.interval else _next(self.cron, moment)
        elif self.interval:
            due = moment + timedelta(seconds=self.interval)
        else:
            due = _next(self.cron, moment)
        return None if due is None or (self.end is not None and self.end < due) else due


def _next(cron: str, moment: datetime) -> datetime | None:
    fields = _DESCRIPTORS.get(cron.strip().lower(), cron).split()
    if len(fields) == 5:
        fields.append("*")  # robfig/cron: the last one is optional, the seconds are not
    try:
        return next(CronSim(" ".join(fields).replace("?", "*"), moment))
    except StopIteration:
        return None
    except CronSimError as error:
        raise ScheduleError(str(error)) from None
