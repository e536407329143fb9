"""Ctrl-C, twice and thrice, and SIGTERM: what was made is removed, and nothing else is."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cluster.remote import COMMAND, NAMESPACE, Remote, wait_until
from tests.plugin.scenarios import SLOW, TEARDOWN

INT, TERM = signal.SIGINT, signal.SIGTERM


def interrupt(session: subprocess.Popen[str], *signals: signal.Signals, group: bool = False) -> str:
    """Send signals one after another; the output of the session, which must end."""
    for number in signals:
        if group:
            os.killpg(session.pid, number)
        else:
            session.send_signal(number)
        time.sleep(0.3)  # two Ctrl-C of a hand; at once they would be one signal
    try:
        output, _ = session.communicate(timeout=40)
    finally:
        session.kill()
    return output


def ready(session: subprocess.Popen[str], folder: Path) -> None:
    wait_until(lambda: (folder / "ready").exists() or session.poll() is not None, 40)
    assert session.poll() is None, session.communicate()[0]


CASES = {
    "ctrl-c-twice": ([INT, INT], []),
    "sigterm-and-ctrl-c": ([TERM, INT], [f"--kf-namespace={NAMESPACE}"]),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_left_behind(remote: Remote, tmp_path: Path, case: str) -> None:
    signals, arguments = CASES[case]
    (tmp_path / "test_slow.py").write_text(SLOW)
    before = remote.things()
    session = remote.start(tmp_path, *arguments)
    ready(session, tmp_path)
    made = remote.things() - before
    assert {"workflows", "object", "pipelines" if arguments else "profiles"} <= {
        one.split()[0] for one in made
    }
    output = interrupt(session, *signals)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output
    assert f"KeyboardInterrupt: {signals[0].name}" in output
    assert ("still removing what was made" in output) == (len(signals) > 1), output
    name = "Ctrl-C" if signals[0] is INT else signals[0].name
    assert output.count(f"pytest-kubeflow: {name} ends this session") == 1
    (found,) = re.findall("pytest-kubeflow: removing what it made on the cluster: (.*)", output)
    assert re.fullmatch("1 run" if arguments else r"namespace kf-scratch-\w+, 1 run", found)
    remote.wait_until_as(before)


def test_ctrl_c_reaches_workers_of_xdist(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW)
    before = remote.things()
    session = remote.start(tmp_path, "-n", "1")
    ready(session, tmp_path)
    interrupt(session, INT, group=True)
    remote.wait_until_as(before)


def test_sigterm_reaches_workers_where_sigint_is_ignored(remote: Remote, tmp_path: Path) -> None:
    """As for a command that a script has put into the background, and ends."""
    (tmp_path / "test_slow.py").write_text(SLOW)
    before = remote.things()
    handler = signal.signal(INT, signal.SIG_IGN)
    try:
        session = remote.start(tmp_path, "-n", "1")
    finally:
        signal.signal(INT, handler)
    ready(session, tmp_path)
    interrupt(session, TERM)
    remote.wait_until_as(before)


def test_ordinary_teardown_is_finished_first(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "test_teardown.py").write_text(TEARDOWN)
    before = remote.things()
    session = remote.start(tmp_path)
    ready(session, tmp_path)
    output = interrupt(session, INT)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "3 x Ctrl-C leaves it behind" in output
    assert (tmp_path / "removed").exists()
    assert not (tmp_path / "went-on").exists()
    remote.wait_until_as(before)


def test_who_insists_gets_out(remote: Remote, tmp_path: Path) -> None:
    held = TEARDOWN.replace("sleep(2)", "sleep(60)")
    (tmp_path / "test_teardown.py").write_text(held)
    session = remote.start(tmp_path, f"--kf-namespace={NAMESPACE}")
    ready(session, tmp_path)
    output = interrupt(session, INT, INT, INT, INT)
    assert not (tmp_path / "removed").exists()
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output


def traces(folder: str) -> list[str]:
    """Processes and mounts that name `folder`."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                told = (process / "cmdline").read_text() + (process / "mountinfo").read_text()
            except OSError:
                continue  # it has just ended
            found += [process.name] if folder in told else []
    return found


def test_embedded_cluster_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "test_slow.py").write_text(SLOW)
    (tmp_path / "conftest.py").write_text(
        "import pathlib\n"
        "def pytest_kubeflow_cluster_ready(cluster):\n"
        "    folder = cluster.config.kubernetes.kubeconfig.parent\n"
        "    pathlib.Path('folder').write_text(str(folder))\n"
    )
    session = subprocess.Popen(
        [*COMMAND, "--kf-host=local"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    ready(session, tmp_path)
    folder = (tmp_path / "folder").read_text()
    assert traces(folder)
    output = interrupt(session, INT, INT)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output
    wait_until(lambda: not traces(folder))
    assert not Path(folder).exists()


def test_other_handlers_are_left_alone(tmp_path: Path) -> None:
    program = (
        "import signal, pytest\n"
        "from pytest_kubeflow.fixtures.session.interruption import Interruptions\n"
        "mine = lambda *_: None\n"
        "signal.signal(signal.SIGTERM, mine)\n"
        "ours = Interruptions(); ours.install()\n"
        "assert signal.getsignal(signal.SIGTERM) is mine\n"
        "assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler\n"
        "ours.restore()\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
