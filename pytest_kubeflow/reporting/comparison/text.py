"""A difference as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pytest_kubeflow.plain_text import plain
from pytest_kubeflow.reporting.comparison.difference import Change, Difference
from pytest_kubeflow.reporting.records.session import SessionRecord

_MOST = 200
_LONGEST = 500


def lines(
    before: SessionRecord, after: SessionRecord, found: Difference
) -> Iterator[tuple[str, bool | None]]:
    """Each line, and whether it tells of something that is worse (or better, or neither)."""
    yield f"before: {_session(before)}", None
    yield f"after:  {_session(after)}", None
    for heading, changes in found.changes.items():
        yield "", None
        yield f"{heading}:", None
        for change in changes[:_MOST]:
            yield f"  {_change(change)}", change.is_worse
        if len(changes) > _MOST:
            yield f"  and {len(changes) - _MOST} more", None
    yield "", None
    yield _conclusion(found), found.is_worse if found.changes else None


def _session(record: SessionRecord) -> str:
    when = datetime.fromtimestamp(record.started, UTC).strftime("%Y-%m-%d %H:%M UTC")
    message = ", ".join(f"{count} {outcome.value}" for outcome, count in record.counts().items())
    where = record.target or record.gateway or "no cluster"
    said = f"{record.verdict.state.value}; {message or 'no test'}"
    return _line(f"{record.session} on {where}, {when}: {said}")


def _change(change: Change) -> str:
    message = f"{change.before} -> {change.after}" if change.before else change.after
    what = f"{change.what}: " if change.what else ""
    return _line(f"{what}{message}{f' ({change.note})' if change.note else ''}")


def _line(text: str) -> str:
    message = " ".join(plain(text.encode(errors="replace").decode()).split())
    return message if len(message) <= _LONGEST else f"{message[:_LONGEST]}…"


def _conclusion(found: Difference) -> str:
    if not found.changes:
        return "nothing changed"
    worse = sum(one.is_worse is True for several in found.changes.values() for one in several)
    better = sum(one.is_worse is False for several in found.changes.values() for one in several)
    return f"{worse} worse, {better} better" if worse or better else "nothing is worse or better"
