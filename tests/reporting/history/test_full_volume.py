"""A volume for reports and history that is full: each gives one line, and nothing is lost."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from pathlib import Path

import pytest

from pytest_kubeflow.reporting.history.history import History

MOUNTED = ("unshare", "--user", "--map-root-user", "--mount")
NIGHT = """
cd "$1" && {python} -m pytest -p no:cacheprovider --kf-history=volume/history \\
    --kf-report=volume/$2/report.html --kf-json=volume/$2/session.json \\
    --kf-bundle=volume/$2/evidence.zip --junit-xml=volume/$2/junit.xml
"""
SCRIPT = """
mount -t tmpfs -o size=600k none "$1/volume" || exit 99
sh "$1/night.sh" "$1" first || exit 98
cat /dev/zero > "$1/volume/filler"
sh "$1/night.sh" "$1" second
code=$?
rm "$1/volume/filler"
sh "$1/night.sh" "$1" third > "$1/third.log"
cp -r "$1/volume" "$1/found"
exit $code
"""


def may_mount() -> bool:
    """Whether this machine lets us have a file system of our own."""
    if shutil.which("unshare") is None:
        return False
    return not subprocess.run([*MOUNTED, "true"], capture_output=True, check=False).returncode


@pytest.mark.skipif(not may_mount(), reason="no user and mount namespaces here: no full volume")
def test_a_full_volume_is_told_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("volume", "tmp"):
        (tmp_path / name).mkdir()
    (tmp_path / "test_it.py").write_text("def test_it():\n    pass\n")
    (tmp_path / "night.sh").write_text(NIGHT.format(python=sys.executable))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    done = subprocess.run(
        [*MOUNTED, "sh", "-c", SCRIPT, "sh", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    second = done.stdout.partition("test session starts")[2].partition("test session starts")[2]
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in second + done.stderr
    assert second.count("database or disk is full") == 1
    assert "the history was not written: --kf-history: " in second
    (saved,) = (tmp_path / "tmp").glob("kubeflow-report-*")
    for what, name in (
        ("report", "report.html"),
        ("JSON", "session.json"),
        ("JUnit XML", "junit.xml"),
    ):
        (line,) = [one for one in second.splitlines() if one.startswith(f"{what} ")]
        assert line.endswith(
            f"/second/{name} was not written: No space left on device; it is in {saved}/{name}"
        )
    lost = json.loads((saved / "session.json").read_text())
    xml.etree.ElementTree.parse(saved / "junit.xml")  # noqa: S314 our own
    assert lost["verdict"]["state"] == "fit"

    # The nights before and after are there, whole.
    found = tmp_path / "found"
    nights = [json.loads((found / one / "session.json").read_text()) for one in ("first", "third")]
    history = History(found / "history")
    assert [history.session(one).session for one in ("last-1", "last")] == [
        one["session"] for one in nights
    ]
    with pytest.raises(Exception, match="no session"):
        history.session(lost["session"])
