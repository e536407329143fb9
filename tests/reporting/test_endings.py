"""However a session ends, its JSON says what became of each test, and which one was running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pytest_kubeflow.reporting.collecting import MISSED
from pytest_kubeflow.reporting.verdict import RUNNING

from .sessions import ROOT

OUTPUT = "output.txt"
TESTS = """
import os, pathlib, signal, time
import pytest

@pytest.fixture
def dies_in_setup():
    raise OSError("no disk")

@pytest.fixture
def dies_in_teardown():
    yield
    raise OSError("disk is full")

def test_first():
    pass

def test_setup(dies_in_setup):
    pass

def test_teardown(dies_in_teardown):
    pass

def test_wrong():
    assert 1 == 2

@pytest.fixture
def removed():
    yield
    # What was to be known was written before this, which may take longer than there is time.
    pathlib.Path("meanwhile.json").write_bytes(pathlib.Path("report.json").read_bytes())

def test_hangs(removed):
    pathlib.Path("ready").touch()
    time.sleep(300)

def test_exits():
    os._exit(7)

def test_is_killed():
    os.kill(os.getpid(), signal.SIGKILL)

times = []

def test_flaky():
    times.append(1)
    assert len(times) > 1

def test_last():
    pass
"""


class Ended:
    """A session that is over; `tests` are the records by their names."""

    def __init__(self, folder: Path, code: int) -> None:
        self.code = code
        self.output = (folder / OUTPUT).read_text()
        text = (folder / "report.json").read_text()
        self.document: dict[str, Any] = json.loads(text)
        self.tests = {one["nodeid"].rpartition("::")[2]: one for one in self.document["tests"]}

    @property
    def outcomes(self) -> dict[str, str]:
        return {name.removeprefix("test_"): one["outcome"] for name, one in self.tests.items()}

    @property
    def state(self) -> str:
        found: str = self.document["verdict"]["state"]
        return found


def begin(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    (folder / "test_ends.py").write_text(TESTS)
    (folder / "report.json").write_text('{"of": "an earlier session"}')
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kf-json=report.json"]
    with (folder / OUTPUT).open("wb") as output:
        return subprocess.Popen(
            [*command, "-v", *arguments],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def end(folder: Path, *arguments: str, send: signal.Signals | None = None) -> Ended:
    """Run those tests; with `send`, that signal ends the session in test_hangs."""
    session = begin(folder, *arguments)
    try:
        if send is not None:
            # A worker's test may run before the session has heard of it.
            ready, output = folder / "ready", folder / OUTPUT
            while session.poll() is None:
                if ready.exists() and "::test_hangs" in output.read_text():
                    break
                time.sleep(0.02)
            session.send_signal(send)
        session.wait(timeout=240)
    finally:
        session.kill()
        session.wait()
    return Ended(folder, session.returncode)


def chosen(*names: str) -> tuple[str, ...]:
    return tuple(f"test_ends.py::test_{name}" for name in names)


def test_setup_teardown_and_maxfail(tmp_path: Path) -> None:
    tests = ("first", "setup", "teardown", "wrong", "last")
    ended = end(tmp_path, "--maxfail=3", *chosen(*tests))
    assert ended.outcomes == {
        "first": "passed",
        "setup": "error",
        "teardown": "error",
        "wrong": "failed",
        "last": "not run",
    }
    assert [ended.tests[f"test_{name}"]["phase"] for name in ("setup", "teardown", "wrong")] == [
        *("setup", "teardown", "call")
    ]
    assert ended.tests["test_setup"]["sentence"] == "OSError: no disk"
    assert ended.tests["test_last"]["sentence"] == MISSED
    assert ended.document["ended_by"] == "stopping after 3 failures"
    assert ended.state == "degraded"
    assert ended.code == pytest.ExitCode.TESTS_FAILED


def test_sigterm_leaves_a_report_that_is_complete(tmp_path: Path) -> None:
    """Without a cluster, too. Of 30 s that a CronJob leaves it takes few."""
    ended = end(tmp_path, *chosen("first", "wrong", "hangs", "last"), send=signal.SIGTERM)
    assert ended.outcomes == {
        "first": "passed",
        "wrong": "failed",
        "hangs": "not run",
        "last": "not run",
    }
    assert ended.tests["test_hangs"]["sentence"] == RUNNING
    assert ended.tests["test_last"]["sentence"] == MISSED
    assert ended.document["ended_by"] == "SIGTERM"
    assert ended.state == "interrupted"
    meanwhile = json.loads((tmp_path / "meanwhile.json").read_text())
    assert meanwhile["ended_by"] == "SIGTERM"
    assert [one["outcome"] for one in meanwhile["tests"]] == [*ended.outcomes.values()]
    assert "pytest-kubeflow: SIGTERM ends this session" in ended.output
    assert "removing" not in ended.output
    assert ended.code == pytest.ExitCode.INTERRUPTED


def test_ctrl_c_under_xdist(tmp_path: Path) -> None:
    ended = end(tmp_path, "-n", "1", *chosen("first", "hangs", "last"), send=signal.SIGINT)
    assert ended.outcomes == {"first": "passed", "hangs": "not run", "last": "not run"}
    assert ended.tests["test_hangs"]["sentence"] == RUNNING
    assert ended.state == "interrupted"
    assert ended.output.count("pytest-kubeflow: Ctrl-C ends this session") == 1


@pytest.mark.parametrize("how", ["exits", "is_killed"])
def test_a_process_that_dies_leaves_what_was_known(tmp_path: Path, how: str) -> None:
    ended = end(tmp_path, *chosen("wrong", how, "last"))
    assert ended.outcomes == {"wrong": "failed", how: "not run", "last": "not run"}
    assert ended.tests[f"test_{how}"]["sentence"] == RUNNING
    assert ended.state == "interrupted"
    assert "something that killed its process" in ended.document["verdict"]["sentence"]
    assert ended.document["exit_code"] == pytest.ExitCode.INTERRUPTED
    assert ended.code in {7, -signal.SIGKILL}


def test_a_worker_that_dies_is_told_with_its_test(tmp_path: Path) -> None:
    ended = end(tmp_path, "-n", "1", *chosen("first", "is_killed", "last"))
    assert ended.outcomes == {"first": "passed", "is_killed": "error", "last": "passed"}
    dead = ended.tests["test_is_killed"]
    assert dead["sentence"] == "worker 'gw0' crashed while running 'test_ends.py::test_is_killed'"
    assert dead["phase"] == ""
    assert ended.state == "degraded"


def test_reruns_are_counted_and_the_last_one_counts(tmp_path: Path) -> None:
    tests = chosen("flaky", "wrong", "first")
    ended = end(tmp_path, "--reruns=1", "--kf-bundle=bundle", *tests)
    assert ended.outcomes == {"flaky": "passed", "wrong": "failed", "first": "passed"}
    assert {name: one["reruns"] for name, one in ended.tests.items()} == {
        "test_flaky": 1,
        "test_wrong": 1,
        "test_first": 0,
    }
    # What made it flaky is there, too.
    for name in ("test_flaky", "test_wrong"):
        folder = tmp_path / "bundle" / ended.tests[name]["bundle"]
        assert "call: assert" in (folder / "test.txt").read_text()
    assert ended.tests["test_first"]["bundle"] == ""
    assert f"bundle: {tmp_path / 'bundle'} (2 failures" in ended.output


def test_pytest_timeout_by_a_signal_fails_the_test(tmp_path: Path) -> None:
    options = ("--timeout=4", "--timeout-method=signal")
    ended = end(tmp_path, *options, *chosen("hangs", "last"))
    assert ended.outcomes == {"hangs": "failed", "last": "passed"}
    assert "Timeout" in ended.tests["test_hangs"]["sentence"]
    assert ended.state == "degraded"


def test_pytest_timeout_by_a_thread_ends_the_process(tmp_path: Path) -> None:
    options = ("--timeout=4", "--timeout-method=thread")
    ended = end(tmp_path, *options, *chosen("first", "hangs", "last"))
    assert ended.outcomes == {"first": "passed", "hangs": "not run", "last": "not run"}
    assert ended.tests["test_hangs"]["sentence"] == RUNNING
    assert ended.state == "interrupted"
    assert ended.code == 1
