"""When a CronJob is due.

Rules: kubernetes/kubernetes pkg/controller/cronjob/utils.go (mostRecentScheduleTime).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pytest_kubeflow.local.cron import Cron, CronError, parse_standard
from pytest_kubeflow.local.kube.client import Object

MOST_MISSED = 100
"""So many missed times are worth a warning."""


class ScheduleError(Exception):
    """No times can be told: `reason` is that of the event, the message its words."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Schedule:
    """The times of one CronJob, in its time zone."""

    cron: Cron
    zone: tzinfo
    since: datetime
    deadline: timedelta | None

    @classmethod
    def of(cls, cron_job: Object) -> Schedule:
        """That of a CronJob. Raises ScheduleError."""
        spec, status = cron_job["spec"], cron_job.get("status") or {}
        text, name = str(spec["schedule"]), spec.get("timeZone")
        if text.startswith(("TZ=", "CRON_TZ=")):
            prefix, _, text = text.partition(" ")
            name = prefix.partition("=")[2]
        try:
            zone: tzinfo = ZoneInfo(name) if name else UTC
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ScheduleError("UnknownTimeZone", f'invalid timeZone: "{name}": {error}') from None
        try:
            cron = parse_standard(text.strip())
        except CronError as error:
            found = f'unparseable schedule: "{spec["schedule"]}" : {error}'
            raise ScheduleError("UnparseableSchedule", found) from None
        since = status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
        seconds = spec.get("startingDeadlineSeconds")
        deadline = None if seconds is None else timedelta(seconds=seconds)
        return cls(cron, zone, datetime.fromisoformat(since), deadline)

    def due(self, now: datetime) -> tuple[datetime | None, int]:
        """The last time up to `now` that no Job was made for, and how many there are."""
        moment = self.since
        if self.deadline is not None:
            moment = max(moment, now - self.deadline)
        found, missed = None, 0
        while (later := self.next(moment)) is not None and later <= now:
            found, missed, moment = later, missed + 1, later
            if missed > MOST_MISSED:
                found = self.cron.latest(later, now.astimezone(self.zone))
                break
        return found, missed

    def next(self, moment: datetime) -> datetime | None:
        """The first time after `moment`; None if there is none."""
        return self.cron.after(moment.astimezone(self.zone))

    def is_late(self, due: datetime, now: datetime) -> bool:
        """Whether it is too late for a Job that was due."""
        return self.deadline is not None and due + self.deadline < now
