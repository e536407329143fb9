"""What a directory remembers of sessions, and that nothing in it is ever lost."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.reporting.history.database import FILE
from pytest_kubeflow.reporting.history.filesystem import remote_filesystem
from pytest_kubeflow.reporting.history.history import NIGHTS, History
from pytest_kubeflow.reporting.records.session import SessionRecord, State
from tests.reporting.formats import samples

DAY = 86_400.0


def night(number: int, record: SessionRecord | None = None) -> SessionRecord:
    """A session of its own, that many days later."""
    record = record or samples.green()
    started = samples.STARTED + number * DAY
    return replace(record, session=f"night-{number}", started=started, ended=started + 60)


def test_a_directory_is_made_and_remembers(tmp_path: Path) -> None:
    history = History(tmp_path / "a" / "b c#?")
    history.check()
    for number in range(3):
        history.add(night(number))
    trend = History(tmp_path / "a" / "b c#?").trend(night(3, samples.degraded()))
    assert [one.session for one in trend.nights] == ["night-3"]  # another target
    trend = history.trend(night(3))
    assert [one.session for one in trend.nights] == [f"night-{n}" for n in range(4)]
    assert [one.state for one in trend.nights] == [State.FIT] * 4
    assert trend.nights[-1].passed == 2
    history.add(night(3))
    history.add(night(3))
    assert history.trend(night(3)) == trend
    assert [one.session for one in history.trend(night(1)).nights] == ["night-0", "night-1"]


def test_a_trend_is_as_long_as_a_month(tmp_path: Path) -> None:
    history = History(tmp_path)
    for number in range(NIGHTS + 5):
        history.add(night(number))
    nights = history.trend(night(NIGHTS + 5)).nights
    assert len(nights) == NIGHTS
    assert nights[0].session == "night-6"


def test_red_since_the_first_of_an_unbroken_line(tmp_path: Path) -> None:
    history = History(tmp_path)
    red = replace(samples.degraded(), target="")
    unfit = replace(samples.unfit(), target="")
    stopped = samples.interrupted()
    for number, record in enumerate([red, samples.green(), red, stopped, unfit]):
        history.add(night(number, record))
    assert history.trend(night(5, red)).red_since == night(2).started
    assert history.trend(night(5)).red_since is None
    assert history.trend(night(5, stopped)).red_since is None
    for number in range(5, NIGHTS + 10):
        history.add(night(number, red))
    assert history.trend(night(99, red)).red_since == night(2).started
    elsewhere = replace(red, gateway="https://other")
    assert history.trend(night(99, elsewhere)).red_since == night(99).started


def test_gateways_on_this_machine_are_told_apart_by_their_target(tmp_path: Path) -> None:
    """A forwarded port, and that of an embedded Kubeflow, is another one each night."""
    history = History(tmp_path)
    for number, (gateway, target) in enumerate(
        [
            ("http://127.83.1.2:41234", ""),
            ("http://localhost:8080/x", ""),
            ("https://[::1]:9", "staging"),
            ("https://[", ""),
            ("https://kf.example", ""),
        ]
    ):
        history.add(replace(night(number), gateway=gateway, target=target))
    for gateway, target, sessions in (
        ("http://127.0.0.1:1", "", ["night-0", "night-1"]),
        ("http://127.0.0.1:1", "staging", ["night-2"]),
        ("https://kf.example", "", ["night-4"]),
        ("http://kf.example", "", []),
    ):
        nights = history.trend(replace(night(9), gateway=gateway, target=target)).nights
        assert [one.session for one in nights] == [*sessions, "night-9"]


def test_a_session_comes_back_by_its_name(tmp_path: Path) -> None:
    history = History(tmp_path)
    with pytest.raises(ConfigurationError, match=r"is no history: it has no history\.sqlite"):
        history.session()
    full = night(1, samples.degraded())
    for record in (night(0), full, night(12)):
        history.add(record)
    found = history.session("night-1")
    assert found.verdict == full.verdict
    assert [one.sentence for one in found.tests] == [one.sentence for one in full.tests]
    assert (found.left, found.versions) == (full.left, full.versions)
    assert not any(test.evidence or test.runs or test.details for test in found.tests)
    assert history.session("night-12") == history.session() == history.session("last")
    assert history.session("last-2").session == "night-0"
    with pytest.raises(ConfigurationError, match="remembers 3 sessions: there is no last-3"):
        history.session("last-3")
    with pytest.raises(ConfigurationError, match="several sessions night; the last ones: night-12"):
        history.session("night")
    with pytest.raises(ConfigurationError, match="no session x; the last ones: night-12, night-1,"):
        history.session("x")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(samples.RECORDS)
def test_any_session_can_be_remembered(tmp_path: Path, record: SessionRecord) -> None:
    history = History(tmp_path)
    record = replace(record, started=samples.STARTED)
    history.add(replace(record, session="earlier"))
    trend = history.trend(record)
    assert len(trend.nights) == 2 or record.session == "earlier"
    assert history.session("earlier").exit_code == record.exit_code


def _write(directory: Path, name: str, count: int) -> None:
    for number in range(count):
        History(directory).add(replace(samples.degraded(), session=f"{name}-{number}"))


def test_sessions_that_end_at_once_all_land(tmp_path: Path) -> None:
    """The file does not exist yet: they make it at once, too."""
    names = ["a", "b"]
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(tmp_path, name, 5)) for name in names]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert [one.exitcode for one in writers] == [0] * len(names)
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        found = connection.execute("SELECT id FROM sessions").fetchall()
    assert {row[0] for row in found} == {f"{name}-{n}" for name in names for n in range(5)}


def test_a_writer_that_is_killed_leaves_what_was_there(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.add(night(0))
    program = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('PRAGMA cache_spill = 1'); c.execute('PRAGMA cache_size = 1');"
        "c.execute('BEGIN IMMEDIATE'); c.execute('DELETE FROM tests');"
        "c.execute('DELETE FROM sessions');"
        "c.execute('CREATE TABLE x AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 "
        "FROM n WHERE i < 20000) SELECT randomblob(100) AS b FROM n'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / FILE)], check=False)
    assert (tmp_path / f"{FILE}-journal").stat().st_size > 0
    history.check()
    assert history.session("night-0").session == "night-0"


def _garbage(file: Path) -> None:
    file.write_bytes(b"no database" * 1000)


def _torn(file: Path) -> None:
    """A page in the middle that was never written."""
    with file.open("r+b") as stream:
        stream.seek(4096 * 2)
        stream.write(bytes(4096 * 2))


def _cut(file: Path) -> None:
    os.truncate(file, 6000)


def _newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 2")


def _foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE cookies (name)")
        connection.commit()


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (_garbage, r"is damaged \(file is not a database\)"),
        (_torn, r"is damaged \("),
        (_cut, r"is damaged \("),
        (_newer, r"was written by a newer pytest-kubeflow \(version 2"),
        (_foreign, "is a database of another program"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_and_stays(
    harm: Callable[[Path], None], message: str, tmp_path: Path
) -> None:
    history = History(tmp_path)
    for number in range(20):
        history.add(night(number, samples.degraded()))
    file = tmp_path / FILE
    harm(file)
    before = file.read_bytes()
    with pytest.raises(ConfigurationError, match=message) as caught:
        history.check()
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)
    assert "left as it is" in str(caught.value)
    assert file.read_bytes() == before
    if harm in {_garbage, _newer, _foreign}:
        with pytest.raises(ConfigurationError, match=message):
            history.add(night(99))
        assert file.read_bytes() == before


def test_a_directory_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"file/history\.sqlite cannot be used: "):
        History(tmp_path / "file").check()
    (tmp_path / "d" / FILE).mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="cannot be used: unable to open"):
        History(tmp_path / "d").check()


MOUNTS = r"""
22 1 0:21 / / rw,relatime shared:1 - ext4 /dev/sda rw
36 22 0:40 / /srv/my\040nights rw,relatime shared:1 master:2 - nfs4 server:/export rw
37 36 0:41 / /srv/my\040nights/here rw - tmpfs tmpfs rw
no line of this file
"""


def test_another_machines_directory_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert remote_filesystem(Path("/srv/my nights/kf"), mounts) == "nfs4"
    assert remote_filesystem(Path("/srv/my nights/here/kf"), mounts) == ""
    assert remote_filesystem(Path("/srv/my"), mounts) == ""
    assert remote_filesystem(Path("/srv"), tmp_path / "none") == ""
    assert History(tmp_path).remark == ""
    monkeypatch.setattr(
        "pytest_kubeflow.reporting.history.history.remote_filesystem", lambda _path: "nfs4"
    )
    assert "is on nfs4: two sessions" in History(tmp_path).remark
