"""History: earlier sessions as columns, what is flaky, what was slower than usual."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_kubeflow.reporting.page.marks import VERDICTS, Mark
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import count, day, duration, moment
from pytest_kubeflow.reporting.records.trend import Night, Trend

_MOST = 30
_TALL = 64.0
_LISTED = 30


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a column, from `y` down."""

    y: float
    height: float
    kind: str


@dataclass(frozen=True, slots=True)
class NightView:
    """One session: its column at `x`, and its row in the table."""

    x: int
    day: str
    when: str
    took: str
    mark: Mark
    passed: int
    failed: int
    not_run: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class History:
    """All of it. `sentence` says what there is to know at once."""

    nights: tuple[NightView, ...]
    sentence: str
    is_red: bool
    width: int
    flaky: tuple[tuple[str, str], ...]
    slow: tuple[tuple[str, str, str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.nights or self.flaky or self.slow)


def history(trend: Trend) -> History:
    """What the page shows of a trend."""
    nights = trend.nights[-_MOST:]
    most = max((night.passed + night.failed + night.not_run for night in nights), default=0) or 1
    flaky = sorted(trend.flaky.items(), key=lambda item: -item[1])[:_LISTED]
    slow = sorted(trend.slow, key=lambda pace: -pace.ratio)[:_LISTED]
    return History(
        nights=tuple(_night(night, 30 * at, most) for at, night in enumerate(nights)),
        sentence=_sentence(trend),
        is_red=trend.red_since is not None,
        width=30 * len(nights),
        flaky=tuple((short(nodeid, 200), f"{share:.0%}") for nodeid, share in flaky),
        slow=tuple(
            (
                short(pace.nodeid, 200),
                duration(pace.seconds),
                f"{duration(pace.low)} to {duration(pace.high)}",
                f"{pace.ratio:.1f}",
            )
            for pace in slow
        ),
    )


def _night(night: Night, x: int, most: int) -> NightView:
    parts, y = [], _TALL
    for number, kind in ((night.passed, "ok"), (night.failed, "bad"), (night.not_run, "off")):
        if number:
            height = max(2.0, number / most * (_TALL - 8))
            y -= height
            parts.append(Part(round(max(0.0, y), 1), round(height, 1), kind))
    if not parts:
        parts.append(Part(_TALL - 4, 4, VERDICTS[night.state].kind))
    return NightView(
        x=x,
        day=day(night.started),
        when=moment(night.started),
        took=duration(night.seconds),
        mark=VERDICTS[night.state],
        passed=night.passed,
        failed=night.failed,
        not_run=night.not_run,
        parts=tuple(parts),
    )


def _sentence(trend: Trend) -> str:
    if trend.red_since is not None:
        nights = sum(night.started >= trend.red_since for night in trend.nights)
        since = f"Red since {moment(trend.red_since)}"
        return f"{since}: {count(nights, 'session')} in a row." if nights > 1 else f"{since}."
    return f"{count(len(trend.nights), 'session')} on this cluster." if trend.nights else ""
