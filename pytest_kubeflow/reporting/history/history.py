"""History: a directory that remembers sessions."""

from __future__ import annotations

from pathlib import Path

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.reporting.history import rows
from pytest_kubeflow.reporting.history.database import FILE, examine, reading, writing
from pytest_kubeflow.reporting.history.filesystem import remote_filesystem
from pytest_kubeflow.reporting.history.trend import MARGIN, flaky, paces, slow
from pytest_kubeflow.reporting.records.session import SessionRecord, State
from pytest_kubeflow.reporting.records.trend import Trend

NIGHTS = 30
"""How many sessions a trend has, this one included."""

_RED = frozenset({State.DEGRADED, State.UNFIT})


class History:
    """The sessions below one directory. Every method raises ConfigurationError, of one line.

    Nothing of it is ever changed or removed but by `add`, which replaces a session of the same id.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._file = directory / FILE

    def check(self) -> None:
        """Make it if it is missing, and read all of it: before the first test."""
        with writing(self._file):
            pass
        examine(self._file)

    @property
    def remark(self) -> str:
        """What to know of where it lies; mostly nothing."""
        kind = remote_filesystem(self.directory)
        return (
            f"--kf-history: {self.directory} is on {kind}: two sessions that end at once rely on "
            "the locks of that server"
            if kind
            else ""
        )

    def add(self, record: SessionRecord) -> None:
        """Remember a session. Waits for another one that is being written."""
        with writing(self._file) as connection:
            rows.insert(connection, record)

    def trend(self, record: SessionRecord, *, slower_than: float | None = None) -> Trend:
        """What earlier sessions on the same gateway and target say of this one, added or not.

        `slower_than`: the budget for durations, if it is tighter than what is told as slow anyway.
        """
        with reading(self._file) as connection:
            nights = rows.nights_before(connection, record, NIGHTS - 1)
            earlier = list(rows.tests_of(connection, [night.session for night in nights]))
            red_since = rows.red_before(connection, record)
            loads = rows.loads_before(connection, record, [night.session for night in nights])
        ours = [
            rows.TestRow(record.session, test.nodeid, test.outcome, test.seconds, test.reruns)
            for test in record.tests
        ]
        is_red = record.verdict.state in _RED
        return Trend(
            nights=(*nights, rows.night_of(record)),
            red_since=(record.started if red_since is None else red_since) if is_red else None,
            flaky=flaky([*earlier, *ours]),
            loads=loads,
            slow=slow(paces(record.tests, earlier), min(MARGIN, slower_than or MARGIN)),
        )

    def session(self, name: str = "last") -> SessionRecord:
        """One that it remembers, by its id, the beginning of it, "last" or "last-1" and so on.

        Details, evidence and runs of tests are not remembered.
        """
        if not self._file.is_file():
            raise ConfigurationError(f"{self.directory} is no history: it has no {FILE}")
        with reading(self._file) as connection:
            ids = rows.identities(connection)
            return rows.document(connection, self._chosen(name, ids))

    def _chosen(self, name: str, ids: list[str]) -> str:
        word, _, back = name.partition("-")
        if word == "last" and (back.isdecimal() or not back):
            number = int(back or 0)
            if number < len(ids):
                return ids[-1 - number]
            count = f"{len(ids)} session{'' if len(ids) == 1 else 's'}"
            raise ConfigurationError(f"{self.directory} remembers {count}: there is no {name}")
        found = [name] if name in ids else [one for one in ids if one.startswith(name)]
        if len(found) == 1:
            return found[0]
        message = f"several sessions {name}" if found else f"no session {name}"
        last = ", ".join(reversed(ids[-5:])) or "none"
        raise ConfigurationError(f"{self.directory} remembers {message}; the last ones: {last}")
