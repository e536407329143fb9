"""Two sessions at once on one cluster: the second tells of the first, and nothing is lost."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from pytest_kubeflow.reporting.history.history import History
from tests.cluster.remote import NAMESPACE, Remote, wait_until

HEADING = "other sessions on the cluster"
NIGHT = """
import pathlib, time

def test_data(seeded_pvc):
    volume = seeded_pvc({{"a.csv": "1,2"}})
    pathlib.Path("{name}-began").touch()
    while not pathlib.Path("{until}").exists():
        time.sleep(0.05)
    assert volume.read_text("a.csv") == "1,2"
"""


def arguments(folder: Path, name: str, *, until: str) -> list[str]:
    (folder / f"test_{name}.py").write_text(NIGHT.format(name=name, until=until))
    return [f"test_{name}.py", f"--kf-namespace={NAMESPACE}", "--kf-history=history"]


def told(output: str) -> list[str]:
    """The lines below the heading."""
    return re.findall(r"^session \w+ of .* runs in namespace .*$", output, re.MULTILINE)


def test_two_nights_overlap(remote: Remote, tmp_path: Path) -> None:
    first = remote.start(tmp_path, *arguments(tmp_path, "first", until="second-ended"))
    try:
        wait_until((tmp_path / "first-began").exists, 120)
        kept = ["--kf-keep=always", "--kf-keep-for=1h"]
        more = arguments(tmp_path, "second", until="second-began")
        code, second = remote.run(tmp_path, *more, *kept, seconds=120)
        (tmp_path / "second-ended").touch()
        output, _ = first.communicate(timeout=120)
    finally:
        first.kill()
    assert code == 0, second
    assert first.returncode == 0, output
    (line,) = told(second)
    assert second.count(HEADING) == 1
    assert f"runs in namespace {NAMESPACE}: both take longer, and neither removes what" in line
    assert HEADING not in output, "the second was not there when the first began"

    # What is kept is of a session that has ended; what was killed may still run.
    code, third = remote.run(
        tmp_path, *arguments(tmp_path, "third", until="third-began"), seconds=120
    )
    assert code == 0, third
    assert HEADING not in third
    history = History(tmp_path / "history")
    nights = [history.session(one) for one in ("last-2", "last-1", "last")]
    assert [[test.nodeid.partition(".py")[0] for test in night.tests] for night in nights] == [
        ["test_first"],
        ["test_second"],
        ["test_third"],
    ]
    assert line.split()[1] == nights[0].session

    kept_by = nights[1].session
    code, cleaned = remote.run(tmp_path, f"--kf-cleanup-session={kept_by}", seconds=120)
    assert code == 0, cleaned


def test_one_that_was_killed_is_told_with_what_removes_it(remote: Remote, tmp_path: Path) -> None:
    killed = remote.start(tmp_path, *arguments(tmp_path, "killed", until="never"))
    wait_until((tmp_path / "killed-began").exists, 120)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    code, output = remote.run(
        tmp_path, *arguments(tmp_path, "next", until="next-began"), seconds=120
    )
    assert code == 0, output
    (line,) = told(output)
    command = line.rpartition("; if it was killed: ")[2]
    code, cleaned = remote.run(tmp_path, command, seconds=120)
    assert code == 0, cleaned
    code, output = remote.run(tmp_path, "test_next.py", f"--kf-namespace={NAMESPACE}", seconds=120)
    assert (code, told(output)) == (0, [])
