"""Database: records of the embedded cluster in one SQLite file, for a data directory.

The standard library's sqlite3 is enough: rows are JSON by kind and key, written as they change and
read once, at the start. The write-ahead log keeps what is committed when the process is killed
(sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_VERSION = 1
_MODE = 0o600


class DatabaseError(Exception):
    """The data directory cannot be used; the message says why, and what to do."""


class Database:
    """Rows `(kind, key) -> body`. Each write is on its own, and there when the call returns.

    Only this user can read the file, which has Secrets.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=_MODE)
            path.chmod(_MODE)  # the files beside it get the same
            self._connection = sqlite3.connect(path, isolation_level=None, timeout=0.2)
            # One server at a time, which this lock says to the second one.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._prepare(path)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise DatabaseError(f"{path} is in use by another embedded Kubeflow") from None
            raise DatabaseError(f"{path} cannot be used: {error}") from None
        except (sqlite3.DatabaseError, OSError) as error:
            raise DatabaseError(f"{path} cannot be used: {error}") from None

    def _prepare(self, path: Path) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version not in {0, _VERSION}:
            raise DatabaseError(
                f"{path} was written by another version of the embedded Kubeflow (format "
                f"{version}, this one reads {_VERSION}): use a new directory"
            )
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, "
            "key TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (kind, key))"
        )
        self._connection.execute(f"PRAGMA user_version={_VERSION}")

    def rows(self, kind: str) -> Iterator[tuple[str, str]]:
        """`(key, body)` of a kind, in the order in which the keys were first written."""
        wanted = "SELECT key, body FROM records WHERE kind = ? ORDER BY number"
        yield from self._connection.execute(wanted, (kind,)).fetchall()

    def put(self, kind: str, key: str, body: str) -> None:
        """Write a row; one that is there keeps its place in the order."""
        self._connection.execute(
            "INSERT INTO records (kind, key, body) VALUES (?, ?, ?) "
            "ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body",
            (kind, key, body),
        )

    def remove(self, kind: str, key: str) -> None:
        self._connection.execute("DELETE FROM records WHERE kind = ? AND key = ?", (kind, key))

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Writes inside are there together at its end, or none of them if it fails."""
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()
