"""Schedule: when a recurring run is due.

Source: kubeflow/pipelines backend/api/v2beta1/recurring_run.proto (Trigger).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pytest_kubeflow.errors import ConfigurationError

_CRON_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either every `interval` seconds, or by `cron`: six fields, the first of which is seconds.

    From `start` on, until `end` (both with a time zone). Raises ConfigurationError for what is no
    schedule; what the expression means is the server's to say.
    """

    interval: int | None = None
    cron: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if (self.interval is None) == (self.cron is None):
            raise ConfigurationError(
                "a recurring run has either an interval in seconds or a cron expression, "
                f"not interval={self.interval!r} and cron={self.cron!r}"
            )
        if self.interval is not None and self.interval < 1:
            raise ConfigurationError(
                f"the interval of a recurring run is at least 1 second, not {self.interval!r}"
            )
        if self.cron is not None and (count := len(self.cron.split())) != _CRON_FIELDS:
            hint = f': did you mean "0 {self.cron}"?' if count == _CRON_FIELDS - 1 else ""
            if not self.cron.startswith("@"):
                raise ConfigurationError(
                    f"cron expressions of Kubeflow Pipelines have {_CRON_FIELDS} fields, seconds "
                    f"first; {self.cron!r} has {count}{hint}"
                )
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None and moment.tzinfo is None:
                raise ConfigurationError(f"the {name} of a schedule needs a time zone: {moment}")
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ConfigurationError(
                f"a schedule that ends at {self.end.isoformat()}, before it begins at "
                f"{self.start.isoformat()}, is never due"
            )

    def trigger(self) -> Any:
        """The V2beta1Trigger of the SDK."""
        import kfp_server_api

        times = {"start_time": self.start, "end_time": self.end}
        if self.interval is not None:
            return kfp_server_api.V2beta1Trigger(
                periodic_schedule=kfp_server_api.V2beta1PeriodicSchedule(
                    interval_second=self.interval, **times
                )
            )
        return kfp_server_api.V2beta1Trigger(
            cron_schedule=kfp_server_api.V2beta1CronSchedule(cron=self.cron, **times)
        )

    @classmethod
    def of_trigger(cls, trigger: Any) -> Schedule:
        """From a V2beta1Trigger, as the API tells it."""
        if (periodic := trigger.periodic_schedule) is not None:
            return cls(
                interval=int(periodic.interval_second),
                start=periodic.start_time,
                end=periodic.end_time,
            )
        cron = trigger.cron_schedule
        return cls(cron=cron.cron, start=cron.start_time, end=cron.end_time)

    def __str__(self) -> str:
        """For people."""
        return f"every {self.interval} s" if self.interval is not None else f"cron {self.cron}"
