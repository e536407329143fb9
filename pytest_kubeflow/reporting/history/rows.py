"""What a session leaves in the history, and what is read back of the earlier ones."""

from __future__ import annotations

import ipaddress
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.load.summary import LoadSummary
from pytest_kubeflow.reporting.records.document import dump, parse
from pytest_kubeflow.reporting.records.session import SessionRecord, State
from pytest_kubeflow.reporting.records.tests import Outcome, TestRecord
from pytest_kubeflow.reporting.records.trend import Night

LOOPBACK = "localhost"
"""How all gateways on addresses of this machine are called here."""


@dataclass(frozen=True, slots=True)
class TestRow:
    """How a test ended in one session."""

    __test__ = False  # its name looks like a test class to pytest

    session: str
    nodeid: str
    outcome: Outcome
    seconds: float
    reruns: int


def night_of(record: SessionRecord) -> Night:
    """A session in numbers."""
    left = sum(test.outcome in {Outcome.SKIPPED, Outcome.NOT_RUN} for test in record.tests)
    red = sum(test.outcome.is_red for test in record.tests)
    return Night(
        session=record.session,
        started=record.started,
        seconds=record.seconds,
        state=record.verdict.state,
        passed=len(record.tests) - red - left,
        failed=red,
        not_run=left,
    )


def insert(connection: sqlite3.Connection, record: SessionRecord) -> None:
    """Write a session. One that is there already is replaced."""
    night = night_of(record)
    key = _text(record.session)
    connection.execute("DELETE FROM tests WHERE session = ?", [key])
    connection.execute(
        "INSERT OR REPLACE INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            key,
            *_cluster(record),
            night.started,
            night.seconds,
            night.state.value,
            night.passed,
            night.failed,
            night.not_run,
            zlib.compress(dump(_slim(record))),
        ],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO tests VALUES (?, ?, ?, ?, ?)",
        (
            [key, _text(test.nodeid), test.outcome.value, test.seconds, test.reruns]
            for test in record.tests
        ),
    )


def nights_before(connection: sqlite3.Connection, record: SessionRecord, most: int) -> list[Night]:
    """The last sessions on the same cluster that began before this one, oldest first."""
    rows = connection.execute(
        "SELECT id, started, seconds, state, passed, failed, not_run FROM sessions"
        " WHERE gateway = ? AND target = ? AND id <> ? AND started <= ?"
        " ORDER BY started DESC LIMIT ?",
        [*_cluster(record), _text(record.session), record.started, most],
    )
    nights = [
        Night(session, started, seconds, State(state), passed, failed, not_run)
        for session, started, seconds, state, passed, failed, not_run in rows
    ]
    return nights[::-1]


def red_before(connection: sqlite3.Connection, record: SessionRecord) -> float | None:
    """When the first red session since the last fit one before `record` began; None without one."""
    cluster = [*_cluster(record), _text(record.session), record.started]
    (found,) = connection.execute(
        "SELECT min(started) FROM sessions WHERE gateway = ? AND target = ? AND id <> ?"
        " AND started <= ? AND state IN (?, ?) AND started > coalesce((SELECT max(started) FROM"
        " sessions WHERE gateway = ? AND target = ? AND id <> ? AND started <= ? AND state = ?),"
        " -1)",
        [*cluster, State.DEGRADED.value, State.UNFIT.value, *cluster, State.FIT.value],
    ).fetchone()
    return None if found is None else float(found)


def tests_of(connection: sqlite3.Connection, sessions: list[str]) -> Iterator[TestRow]:
    """How their tests ended, in the order of the sessions."""
    for session in sessions:
        rows = connection.execute(
            "SELECT nodeid, outcome, seconds, reruns FROM tests WHERE session = ?", [session]
        )
        for nodeid, outcome, seconds, reruns in rows:
            yield TestRow(session, nodeid, Outcome(outcome), seconds, reruns)


def loads_before(
    connection: sqlite3.Connection, record: SessionRecord, sessions: list[str]
) -> dict[int, LoadSummary]:
    """The last load of as many runs as each of this record's, by that number.

    It is looked for in these sessions, which are oldest first; one that was ended early is none.
    """
    wanted = {one.runs for one in record.loads}
    found: dict[int, LoadSummary] = {}
    for session in reversed(sessions):
        if not wanted - found.keys():
            break
        for one in document(connection, session).loads:
            if one.runs in wanted and not one.stopped:
                found.setdefault(one.runs, one)
    return found


def identities(connection: sqlite3.Connection) -> list[str]:
    """The ids of all sessions, oldest first."""
    rows = connection.execute("SELECT id FROM sessions ORDER BY started, rowid")
    return [str(row[0]) for row in rows]


def document(connection: sqlite3.Connection, session: str) -> SessionRecord:
    """What was kept of a session."""
    (content,) = connection.execute(
        "SELECT document FROM sessions WHERE id = ?", [session]
    ).fetchone()
    try:
        plain = zlib.decompress(content)
    except zlib.error as error:
        raise ConfigurationError(f"session {session} of the history is damaged: {error}") from error
    return parse(plain, f"session {session}")


def _slim(record: SessionRecord) -> SessionRecord:
    """Without what is for reading on the morning after: a history of years is of a few MiB."""
    return replace(
        record,
        tests=tuple(map(_slim_test, record.tests)),
        causes=tuple(replace(cause, evidence=()) for cause in record.causes),
    )


def _slim_test(test: TestRecord) -> TestRecord:
    return replace(test, details="", evidence=(), captured=(), runs=())


def _cluster(record: SessionRecord) -> list[str]:
    """What sessions on one cluster have in common: gateway and target.

    An address of this machine is another one each night, that of a forwarded port or of an embedded
    Kubeflow: they count as one, and the target alone tells clusters behind them apart.
    """
    gateway = LOOPBACK if _is_loopback(record.gateway) else record.gateway
    return [_text(gateway), _text(record.target)]


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def _text(text: str) -> str:
    """As SQLite can have it: in UTF-8, and without the NUL that ends texts there."""
    return text.encode(errors="backslashreplace").decode().replace("\0", r"\x00")
