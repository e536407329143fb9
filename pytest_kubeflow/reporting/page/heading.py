"""Heading: the verdict as a sentence, and what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from pytest_kubeflow.reporting.page.marks import OUTCOMES, VERDICTS, Mark
from pytest_kubeflow.reporting.page.visible import short
from pytest_kubeflow.reporting.page.wording import count, duration, listed, moment, stamp
from pytest_kubeflow.reporting.records.session import SessionRecord
from pytest_kubeflow.reporting.records.tests import Outcome


@dataclass(frozen=True, slots=True)
class Count:
    """How many tests ended in one way, and where that part of the bar begins, in thousandths."""

    mark: Mark
    number: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Heading:
    """The top of the page. `stamp` is `when` for machines, `notes` are red or need to be known."""

    title: str
    mark: Mark
    state: str
    sentence: str
    where: str
    target: str
    user: str
    when: str
    stamp: str
    took: str
    summary: str
    notes: tuple[str, ...]
    total: int
    counts: tuple[Count, ...]


def heading(record: SessionRecord) -> Heading:
    """That of a session."""
    counts = record.counts()
    return Heading(
        title=_title(record),
        mark=VERDICTS[record.verdict.state],
        state=record.verdict.state.value,
        sentence=short(record.verdict.sentence, 1_500),
        where=_host(record.gateway),
        target=short(record.target, 80),
        user=short(record.user, 120),
        when=moment(record.started),
        stamp=stamp(record.started),
        took=duration(record.seconds),
        summary=_summary(record, counts),
        notes=tuple(_notes(record)),
        total=len(record.tests),
        counts=tuple(_counts(counts, len(record.tests))),
    )


def _title(record: SessionRecord) -> str:
    parts = [record.verdict.state.value.upper(), _host(record.gateway), moment(record.started)]
    return " · ".join(part for part in parts if part)


def _host(gateway: str) -> str:
    try:
        return short(urlsplit(gateway).netloc.rpartition("@")[2] or gateway, 120)
    except ValueError:
        return short(gateway, 120)


def _summary(record: SessionRecord, counts: Mapping[Outcome, int]) -> str:
    total = len(record.tests)
    if not total:
        return "No test ran."
    parts = [f"{counts.get(Outcome.PASSED, 0):,} of {count(total, 'test')} passed"]
    if failed := sum(number for outcome, number in counts.items() if outcome.is_red):
        parts.append(f"{failed:,} failed")
    if known := counts.get(Outcome.XFAILED, 0):
        parts.append(count(known, "known weakness", "known weaknesses"))
    if unexpected := counts.get(Outcome.XPASSED, 0):
        parts.append(f"{unexpected:,} passed unexpectedly")
    if left := counts.get(Outcome.SKIPPED, 0) + counts.get(Outcome.NOT_RUN, 0):
        why = f" ({count(len(record.not_run), 'reason')})" if record.not_run else ""
        parts.append(f"{left:,} did not run{why}")
    return f"{listed(parts)}."


def _notes(record: SessionRecord) -> list[str]:
    notes = [short(problem, 600) for problem in record.problems[:20]]
    if record.ended_by and record.ended_by not in record.verdict.sentence:
        notes.append(f"The session was ended early by {short(record.ended_by, 300)}.")
    if record.lost:
        notes.append(short(record.lost, 600))
    return notes


def _counts(counts: Mapping[Outcome, int], total: int) -> list[Count]:
    found, x = [], 0.0
    # Passed first, as bars are read.
    for outcome, mark in sorted(OUTCOMES.items(), key=lambda item: item[0] is not Outcome.PASSED):
        if number := counts.get(outcome, 0):
            width = 1000 * number / total
            found.append(Count(mark, number, round(x, 1), round(width, 1)))
            x += width
    return found
