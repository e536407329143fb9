"""The SQLite file of a history: opened, judged before it is written to, made if it is missing.

Its journal is the rollback journal, not the write-ahead log: a session writes once, at its end, and
the log needs shared memory, which a directory on another machine has not. Each change is one
transaction that begins with the lock, so two sessions that end at once write one after the other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pytest_kubeflow.errors import ConfigurationError

FILE = "history.sqlite"
VERSION = 1
"""Of the tables. A later one may read this one; a file of a later one is not touched."""

_APPLICATION = 0x6B666869  # "kfhi": how a file of ours is told from another program's
_LONGEST_WAIT = 30.0
_TABLES = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, gateway TEXT NOT NULL, target TEXT NOT NULL,
    started REAL NOT NULL, seconds REAL NOT NULL, state TEXT NOT NULL,
    passed INTEGER NOT NULL, failed INTEGER NOT NULL, not_run INTEGER NOT NULL,
    document BLOB NOT NULL
);
CREATE INDEX sessions_of_cluster ON sessions (gateway, target, started);
CREATE TABLE tests (
    session TEXT NOT NULL REFERENCES sessions (id), nodeid TEXT NOT NULL,
    outcome TEXT NOT NULL, seconds REAL NOT NULL, reruns INTEGER NOT NULL,
    PRIMARY KEY (session, nodeid)
) WITHOUT ROWID;
"""


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection in one transaction that reads. Raises ConfigurationError."""
    with _connection(path, create=False) as connection, _transaction(connection, "BEGIN"):
        _judge(path, connection)
        yield connection


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection in one transaction that writes; the file is made. Raises ConfigurationError."""
    with _connection(path, create=True) as connection, _transaction(connection, "BEGIN IMMEDIATE"):
        if _judge(path, connection):
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        yield connection


def examine(path: Path) -> None:
    """Read all of it once, so that damage is found where it does no harm yet."""
    with reading(path) as connection:
        found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    if found != ["ok"]:
        raise _damaged(path, "; ".join(" ".join(one.split()) for one in found))


@contextmanager
def _connection(path: Path, *, create: bool) -> Iterator[sqlite3.Connection]:
    mode = "rwc" if create else "rw"
    try:
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        with closing(
            sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=_LONGEST_WAIT,
                isolation_level=None,
            )
        ) as connection:
            yield connection
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    except sqlite3.OperationalError as error:
        # Locked for too long, no space, no rights, a disk that fails.
        raise _unusable(path, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
    except BaseException:
        if connection.in_transaction:  # some errors end it
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _judge(path: Path, connection: sqlite3.Connection) -> bool:
    """Whether it is empty; raises ConfigurationError if it is neither that nor ours to use."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application == _APPLICATION and version > VERSION:
        raise ConfigurationError(
            f"--kf-history: {path} was written by a newer pytest-kubeflow (version {version} of "
            f"its tables; this one knows {VERSION}), and is left as it is: update this one, or "
            "name another directory"
        )
    if application == _APPLICATION and version == VERSION and tables:
        return False
    if application == 0 and version == 0 and not tables:
        return True
    raise ConfigurationError(
        f"--kf-history: {path} is a database of another program, and is left as it is: name "
        "another directory"
    )


def _damaged(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"--kf-history: {path} is damaged ({reason}), and is left as it is: move it away to begin "
        f"a new history, and have `sqlite3 {path} .recover` save what can be read"
    )


def _unusable(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(f"--kf-history: {path} cannot be used: {reason}")
