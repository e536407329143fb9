"""The summary of a job in GitHub Actions: Markdown, which its page shows without a download.

A step's summary has 1 MiB, and GitHub shows nothing of a larger one: what does not fit is left out
from the end, by whole sections, and the last line says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from pytest_kubeflow.reporting.formats.markdown import block, cell, code
from pytest_kubeflow.reporting.records.runs import RunRecord
from pytest_kubeflow.reporting.records.session import Cause, SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome
from pytest_kubeflow.reporting.records.trend import NO_TREND, Night, Trend

LIMIT = 1024 * 1024
"""How many bytes a step's summary may have."""

VARIABLE = "GITHUB_STEP_SUMMARY"
"""The environment variable that names a step's own file."""

_SIGNS = {
    State.FIT: "✅",
    State.DEGRADED: "⚠️",
    State.UNFIT: "❌",
    State.INTERRUPTED: "⏹️",
    State.UNTESTED: "❔",
}
_CHECKS = {"ok": "✅", "warning": "⚠️", "failed": "❌"}
_TESTS = 20
_ROWS = 100
_SECTIONS = 4
_ROOM = 200  # for the line that says what was cut


def summary_file(setting: str | Path, environment: Mapping[str, str]) -> Path | None:
    """Where `--kf-github-summary` has the summary written; None: nowhere."""
    if isinstance(setting, Path):
        return setting
    found = environment.get(VARIABLE) if setting == "auto" else None
    return Path(found) if found else None


def render(record: SessionRecord, trend: Trend = NO_TREND, *, room: int = LIMIT) -> str:
    """The summary, in at most `room` bytes: what is left where the step's file has some already."""
    kept: list[str] = []
    size = cut = 0
    for section in _sections(record, trend):
        length = len(section.encode()) + 1
        if cut or size + length > room - _ROOM:
            cut += 1
            continue
        kept.append(section)
        size += length
    if cut:
        message = f"_{cut} more sections are left out: a summary on GitHub has at most 1 MiB._\n"
        kept += [message] if size + len(message) < room else []
    return "\n".join(kept)


def _sections(record: SessionRecord, trend: Trend) -> Iterator[str]:
    yield _head(record, trend)
    if any(check.state != "ok" for check in record.checks):
        yield _preflight(record)
    if record.problems:
        yield _list("Problems", (code(one) for one in record.problems), len(record.problems))
    runs = {test.nodeid: test.runs for test in record.tests}
    for number, cause in enumerate(record.causes, start=1):
        yield _cause(number, cause, [run for one in cause.tests for run in runs.get(one, ())])
    if record.not_run:
        found = (
            f"{one.count} tests: {code(one.reason)}{f' ({code(one.cause)})' if one.cause else ''}"
            for one in record.not_run
        )
        yield _list("Did not run", found, len(record.not_run))
    if record.left:
        found = (
            f"{code(one.kind)} {code(one.name)}{', kept as asked' if one.kept else ''} "
            f"{code(one.reason)}".rstrip()
            for one in record.left
        )
        yield _list("Left on the cluster", found, len(record.left))
    if trend.slow:
        found = (
            f"{code(one.nodeid)}: {one.seconds:.0f} s, {one.ratio:.1f} times its usual longest "
            f"({one.low:.0f} to {one.high:.0f} s)"
            for one in trend.slow
        )
        yield _list("Slower than usual", found, len(trend.slow))
    if trend.flaky:
        ordered = sorted(trend.flaky.items(), key=lambda one: -one[1])
        found = (f"{code(name)}: {share:.0%} failed" for name, share in ordered)
        yield _list("Flaky", found, len(ordered))
    yield _cluster(record)


def _head(record: SessionRecord, trend: Trend) -> str:
    verdict = record.verdict
    counts = record.counts()
    parts = [
        f"{count} {outcome.value}"
        for outcome, count in counts.items()
        if outcome is not Outcome.NOT_RUN
    ]
    if counts.get(Outcome.NOT_RUN):
        parts.append(f"{counts[Outcome.NOT_RUN]} not run")
    where = record.target or record.gateway
    lines = [
        f"## {_SIGNS[verdict.state]} Kubeflow: {verdict.state.value}",
        "",
        code(verdict.sentence, longest=2_000),
        "",
        f"{f'{code(where)} — ' if where else ''}{', '.join(parts) or 'no test'} "
        f"in {_duration(record.seconds)}, {_date(record.started)}",
        "",
    ]
    if trend.red_since is not None:
        lines += [f"Red since {_date(trend.red_since)}.", ""]
    if len(trend.nights) > 1:
        lines += [f"Last sessions: {''.join(map(_night, trend.nights))}", ""]
    if verdict.components:
        lines += [
            "| component | state | passed | failed | not run |",
            "| --- | --- | ---: | ---: | ---: |",
            *(
                f"| {cell(one.name)} | {_SIGNS[one.state]} {one.state.value} | {one.passed} "
                f"| {one.failed} | {one.not_run} |"
                for one in verdict.components[:_ROWS]
            ),
            "",
        ]
    return "\n".join(lines)


def _preflight(record: SessionRecord) -> str:
    lines = ["### Preflight", ""]
    for check in record.checks[:_ROWS]:
        sign = _CHECKS.get(check.state, "❔")
        lines.append(f"- {sign} {code(check.name)} {code(check.message)}".rstrip())
    lines.append("")
    for check in record.checks[:_ROWS]:
        if check.fix and check.state != "ok":
            lines += [f"What to do about {code(check.name)}:", "", block(check.fix)]
    return "\n".join(lines)


def _cause(number: int, cause: Cause, runs: Sequence[RunRecord]) -> str:
    sign = f" {code(cause.code)}" if cause.code else ""
    lines = [f"### {number}.{sign} {code(cause.sentence, longest=2_000)}", ""]
    lines += _bounded((f"- {code(test)}" for test in cause.tests), len(cause.tests), _TESTS)
    lines.append("")
    if cause.fix:
        lines += ["What to do:", "", block(cause.fix)]
    for section in cause.evidence[:_SECTIONS]:
        lines += [
            "<details><summary>Evidence</summary>",
            "",
            code(section.heading),
            "",
            block(section.text),
            "</details>",
            "",
        ]
    found = (f"- run {code(run.name)} {code(run.run_id)}: {code(run.state)}" for run in runs)
    return "\n".join([*lines, *_bounded(found, len(runs), _TESTS), ""])


def _cluster(record: SessionRecord) -> str:
    facts = {"gateway": record.gateway, "user": record.user, **record.facts, **record.versions}
    facts["session"] = record.session
    found = [f"- {code(name)}: {code(value)}" for name, value in facts.items() if value]
    head = ["<details><summary>Cluster and versions</summary>", ""]
    return "\n".join([*head, *_bounded(found, len(found), _ROWS), "", "</details>", ""])


def _list(title: str, entries: Iterable[str], count: int) -> str:
    lines = (f"- {one}" for one in entries)
    return "\n".join([f"### {title}", "", *_bounded(lines, count, _ROWS), ""])


def _bounded(lines: Iterable[str], count: int, most: int) -> list[str]:
    """At most so many of the `count` lines."""
    return [*islice(lines, most), *([f"- and {count - most} more"] if count > most else [])]


def _night(night: Night) -> str:
    return {State.FIT: "🟢", State.DEGRADED: "🟠", State.UNFIT: "🔴"}.get(night.state, "⚪")


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
