"""Cron expressions as robfig/cron reads them, in Go the library of KFP and of Kubernetes.

Version 1, of KFP: six fields, the seconds first; the day of the week (0 to 6) may be left out, and
`L`, `W` and `#` mean nothing. Version 3, of CronJobs: five fields, without seconds. Besides, there
are descriptors: `@hourly` and the like, `@every 1h30m`. The times that an expression stands for are
found by cronsim, whose own grammar is another one: it gets each field as the list of its numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

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
_EVERY = "@every "
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NONE: dict[str, int] = {}
_FIELDS = (
    (0, 59, _NONE),
    (0, 59, _NONE),
    (0, 23, _NONE),
    (1, 31, _NONE),
    (1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    (0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}
_PART = r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)"
_STANDARD = 5
_LONGEST = 2**63 / 1e9
"""Seconds that a duration of Go can hold."""


class CronError(ValueError):
    """An expression that is none."""


@dataclass(frozen=True, slots=True)
class Cron:
    """The times of an expression: those of `fields` (cronsim's), or one each `delay`. In UTC."""

    fields: str = ""
    delay: timedelta = timedelta(0)

    def after(self, moment: datetime) -> datetime | None:
        """The first time after `moment`; None if there is none that a calendar holds."""
        try:
            if self.delay:
                return moment.replace(microsecond=0) + self.delay
            return next(CronSim(self.fields, moment))
        except (StopIteration, CronSimError, OverflowError):
            return None  # such as the 30th of February

    def latest(self, since: datetime, until: datetime) -> datetime:
        """The last time up to `until`, counting from `since`, which is a time of its own."""
        if self.delay:
            return since + max((until - since) // self.delay, 0) * self.delay
        begin = until.replace(microsecond=0) + timedelta(seconds=1)
        return max(since, next(CronSim(self.fields, begin, reverse=True)))


@lru_cache(maxsize=256)
def parse(text: str) -> Cron:
    """The times that `text` stands for. Raises CronError."""
    if text.startswith(_EVERY):
        return Cron(delay=timedelta(seconds=max(int(_duration(text.removeprefix(_EVERY))), 1)))
    if text.startswith("@"):
        if text not in _DESCRIPTORS:
            raise CronError(f"Unrecognized descriptor: {text}")
        text = _DESCRIPTORS[text]
    fields = text.split()
    if len(fields) not in {5, 6}:
        raise CronError(f"Expected 5 or 6 fields, found {len(fields)}: {text}")
    fields += ["*"] * (6 - len(fields))
    return Cron(" ".join(_field(one, *of) for one, of in zip(fields, _FIELDS, strict=True)))


def parse_standard(text: str) -> Cron:
    """The times that the schedule of a CronJob stands for. Raises CronError."""
    if text.startswith("@"):
        return parse(text)
    fields = text.split()
    if len(fields) != _STANDARD:
        found = f"found {len(fields)}: [{' '.join(fields)}]"
        raise CronError(f"expected exactly {_STANDARD} fields, {found}")
    return parse(f"0 {text}")


def _field(text: str, low: int, high: int, names: dict[str, int]) -> str:
    """A field as cronsim reads it: the list of its numbers, after a star if it has one.

    Days of the month and of the week are both to fit if one has a star, else either; to cronsim the
    star must come first. With such a long step it stands for the lowest number alone.
    """
    numbers: set[int] = set()
    starred = False
    for term in text.split(","):
        span, *steps = term.split("/")
        first, *last = span.split("-")
        if first in {"*", "?"}:
            starred = True
            start, end = low, high
        else:
            start = _number(first, names)
            end = _number(last[0], names) if last else start
            if len(last) > 1:
                raise CronError(f"Too many hyphens: {term}")
        if len(steps) > 1:
            raise CronError(f"Too many slashes: {term}")
        step = _number(steps[0], _NONE) if steps else 1
        if steps and not last:
            end = high
        if start < low or end > high:
            raise CronError(f"{term} is not between {low} and {high}")
        if start > end:
            raise CronError(f"Beginning of range ({start}) beyond end of range ({end}): {term}")
        if step == 0:
            raise CronError(f"Step of range should be a positive number: {term}")
        numbers.update(range(start, end + 1, step))
    if starred and len(numbers) == high - low + 1:
        return "*"
    listed = ",".join(str(one) for one in sorted(numbers))
    return f"*/{high + 2},{listed}" if starred else listed


def _number(text: str, names: dict[str, int]) -> int:
    if (named := names.get(text.lower())) is not None:
        return named
    if not re.fullmatch(r"\+?[0-9]{1,18}", text):
        raise CronError(f"Failed to parse int from {text}")
    return int(text)


def _duration(text: str) -> float:
    """Seconds of a duration as Go writes it, such as 1h30m or -1.5s."""
    parts = re.findall(_PART, text)
    if text != "0" and not re.fullmatch(rf"[-+]?({_PART})+", text, re.ASCII):
        raise CronError(f"Failed to parse duration {text}")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds >= _LONGEST:
        raise CronError(f"Failed to parse duration {text}: it is too long")
    return -seconds if text.startswith("-") else seconds
