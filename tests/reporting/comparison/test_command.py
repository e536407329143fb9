"""`pytest --kf-compare A B` as users give it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kubeflow.errors import ConfigurationError
from pytest_kubeflow.reporting.comparison.sources import session_of
from pytest_kubeflow.reporting.history.history import History
from pytest_kubeflow.reporting.records.document import dump
from pytest_kubeflow.reporting.records.session import SessionRecord
from tests.reporting.formats import samples


def compare(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """good.json and bad.json, and the directory `past` with both; a test that nobody runs."""
    folder = tmp_path_factory.mktemp("place")
    good = replace(samples.green(), session="good", target="staging")
    bad: SessionRecord = replace(samples.degraded(), session="bad", started=samples.STARTED + 1)
    history = History(folder / "past")
    for record in (good, bad):
        (folder / f"{record.session}.json").write_bytes(dump(record))
        history.add(record)
    (folder / "test_it.py").write_text("def test_it():\n    assert 0, 'a test was run'\n")
    return folder


def test_two_documents(place: Path) -> None:
    code, said = compare(place, "--kf-compare", "good.json", "bad.json")
    assert code == 1
    assert said[0].startswith("before: good on staging, 2025-11-24 16:00 UTC: fit; 2 passed")
    assert "  fit -> degraded (People cannot run pipelines. Fine: access.)" in said
    assert said[-1] == "6 worse, 0 better"


def test_sessions_of_a_history_with_a_cluster_that_is_left_alone(place: Path) -> None:
    arguments = ["--kf-history=past", "--kf-host=https://127.0.0.1:1", "--html=report.html"]
    code, said = compare(place, *arguments, "--kf-compare", "good.json", "last-1")
    assert code == 0, said
    assert said[-1] == "nothing changed"
    assert not (place / "report.html").exists()


@pytest.mark.parametrize(
    ("name", "session"),
    [("past", "bad"), ("past:last-1", "good"), ("past:go", "good"), ("good.json", "good")],
)
def test_what_a_session_may_be_called(place: Path, name: str, session: str) -> None:
    assert session_of(name, folder=place, history=None).session == session


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.json", "there is no none.json; valid: a JSON document of --kf-json"),
        ("test_it.py", "test_it.py is no JSON"),
        ("past:x", "remembers no session x; the last ones: bad, good"),
        ("last", "there is no last; valid"),
        ("x" * 300, "there is no xxx"),
        (".", "is no history: it has no history.sqlite"),
    ],
)
def test_what_is_no_session_is_one_line(place: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        session_of(name, folder=place, history=None)
    assert str(caught.value).startswith("--kf-compare: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["past", "past", "--kf-preflight"], "--kf-preflight and --kf-compare: give one of them"),
        (["past", "past", "--kf-compare", "a", "b"], "give it once, with both"),
        (["past", "none.json"], "ERROR: --kf-compare: there is no none.json"),
    ],
)
def test_misuse_is_one_line(place: Path, arguments: list[str], message: str) -> None:
    code, said = compare(place, "--kf-compare", *arguments)
    assert code == 4
    assert message in "\n".join(said)
    assert "Traceback" not in "\n".join(said)
