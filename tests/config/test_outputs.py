"""Where reports go is judged before the first test, and nothing is written for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kubeflow.config.writable import unwritable
from pytest_kubeflow.errors import ConfigurationError
from tests.config.sources import resolved

AN_OUTPUT = ("report", "json", "ctrf", "prometheus", "github_summary")


def test_what_can_be_written_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("old")
    (tmp_path / "folder").mkdir()
    for name in ("new", "there", "missing/deeper/new"):
        assert unwritable(tmp_path / name) == ""
    for name in ("folder", "missing", "missing/deeper"):
        assert unwritable(tmp_path / name, directory=True) == ""
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder", "there"]
    assert (tmp_path / "there").read_text() == "old"
    assert unwritable(Path(os.devnull)) == ""


def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "lost").symlink_to("nowhere/file")
    file, folder = tmp_path / "file", tmp_path / "folder"
    assert unwritable(folder) == f"{folder} is a directory, and a file is needed"
    assert unwritable(file, directory=True) == f"{file} is a file, and a directory is needed"
    below = file / "a" / "b"
    assert unwritable(below) == f"{file} is a file, and {below} would be below it"
    assert "File name too long" in unwritable(tmp_path / ("x" * 300))
    assert "symbolic links" in unwritable(tmp_path / "circle")
    assert unwritable(tmp_path / "lost") == ""


def test_permissions_are_noticed(tmp_path: Path) -> None:
    """In a process without root's rights, which is in nobody's way."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "file").touch()
    closed.chmod(0o555)
    (closed / "file").chmod(0o444)
    if os.geteuid() != 0:
        assert unwritable(closed / "new") == f"{closed} may not be written to"
        assert unwritable(closed / "file") == f"{closed / 'file'} may not be written to"
        return
    for one in [tmp_path, *tmp_path.parents]:
        if one.stat().st_uid == 0 and one.is_relative_to("/tmp") and one != Path("/tmp"):  # noqa: S108
            one.chmod(one.stat().st_mode | 0o055)
    program = (
        "import os, sys; sys.path[:] = eval(sys.argv[1]);"
        "from pathlib import Path; from pytest_kubeflow.config.writable import unwritable;"
        "os.setgid(65534); os.setuid(65534);"
        "print(*(unwritable(Path(one)) for one in sys.argv[2:]), sep='\\n')"
    )
    asked = [str(closed / "new"), str(closed / "file")]
    done = subprocess.run(
        [sys.executable, "-c", program, repr(sys.path), *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        f"{closed} may not be written to",
        f"{closed / 'file'} may not be written to",
    ]


@pytest.mark.parametrize("name", [*AN_OUTPUT, "history", "bundle"])
def test_an_output_that_cannot_be_is_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError) as caught:
        resolved({name: "file/x"}, folder=tmp_path)
    message = str(caught.value)
    assert message.startswith(f"--kf-{name.replace('_', '-')}: 'file/x' from command line is not")
    assert f"({tmp_path / 'file'} is a file, and" in message
    assert "\n" not in message


def test_reports_go_into_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("same")
    with pytest.raises(ConfigurationError, match=r"--kf-json .* and --kf-ctrf .* name one file"):
        resolved({"json": "same"}, {"KF_CTRF": "link"}, folder=tmp_path)
    config = resolved({"json": os.devnull, "ctrf": os.devnull})
    assert config.reporting.json == config.reporting.ctrf == Path(os.devnull)


@pytest.mark.parametrize(
    ("name", "path", "message"),
    [
        ("report", "r.pdf", "r.pdf ends in .pdf, not in .html; --kf-report writes a page that"),
        ("report", "r.json", "r.json ends in .json, not in .html; --kf-json writes JSON"),
        ("json", "r.HTML", "r.HTML ends in .HTML, not in .json; --kf-report writes a page"),
        ("ctrf", "c.xml", "c.xml ends in .xml, not in .json; --junit-xml writes JUnit XML"),
        ("prometheus", "m.txt", "m.txt ends in .txt, not in .prom)"),
        ("bundle", "b.tar.gz", "b.tar.gz ends in .gz: the one kind of archive is .zip"),
    ],
)
def test_an_ending_of_something_else_is_refused(
    name: str, path: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolved({name: path}, folder=tmp_path)
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_ending_is_taken(tmp_path: Path) -> None:
    for name in ("report", "json", "prometheus"):
        for path in ("night", "v1.2/night", os.devnull):
            found = getattr(resolved({name: path}, folder=tmp_path).reporting, name)
            assert found == tmp_path / path
    assert resolved({"report": "R.HTM"}, folder=tmp_path).reporting.report == tmp_path / "R.HTM"
    (tmp_path / "old.gz").mkdir()
    assert resolved({"bundle": "old.gz"}, folder=tmp_path).reporting.bundle == tmp_path / "old.gz"


def test_a_budget_of_time_needs_a_history(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^--kf-slower-than=3.0 \(from kf_slower_than"):
        resolved(ini={"slower_than": "3"})
    config = resolved({"slower_than": "3", "history": "past"}, folder=tmp_path)
    assert config.reporting.slower_than == 3.0
    for text in ("1", "0.5", "-3", "4x", "1e3", "nan", "1001"):
        with pytest.raises(ConfigurationError, match="a number above 1"):
            resolved({"slower_than": text, "history": "past"}, folder=tmp_path)


def test_a_summary_has_a_when_or_a_where(tmp_path: Path) -> None:
    found = [
        resolved({"github_summary": text}, folder=tmp_path).reporting.github_summary
        for text in ("auto", "never", "summary.md")
    ]
    assert found == ["auto", "never", tmp_path / "summary.md"]


def test_a_bundle_is_a_directory_or_a_zip(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "old.zip").touch()
    for name in ("there", "new", "old.zip", "new.ZIP"):
        assert resolved({"bundle": name}, folder=tmp_path).reporting.bundle == tmp_path / name
    for name, needed in (("there.zip", "a file"), ("file", "a directory")):
        (tmp_path / "there.zip").mkdir(exist_ok=True)
        (tmp_path / "file").touch()
        with pytest.raises(ConfigurationError, match=f"and {needed} is needed"):
            resolved({"bundle": name}, folder=tmp_path)
    with pytest.raises(ConfigurationError, match="name one file"):
        resolved({"bundle": "same", "json": "same"}, folder=tmp_path)
