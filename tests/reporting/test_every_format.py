"""Every format of whole sessions: an unfit cluster, an interrupted session, a slow night."""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from pytest_kubeflow.reporting.history.history import History
from pytest_kubeflow.reporting.records.document import load
from pytest_kubeflow.reporting.records.session import SessionRecord, State
from tests.reporting.formats import samples
from tests.reporting.formats.test_ctrf import VALIDATOR
from tests.reporting.formats.test_prometheus import series

from .sessions import Session, run_session

FORMATS = ("report.html", "session.json", "ctrf.json", "kubeflow.prom", "summary.md")


class Reports:
    """What a session has written into `folder`."""

    def __init__(self, folder: Path, test: str, *arguments: str) -> None:
        files = {"test_it.py": test}
        names = ("report", "json", "ctrf", "prometheus", "github-summary")
        written = [
            f"--kf-{name}={folder / 'new' / file}"
            for name, file in zip(names, FORMATS, strict=True)
        ]
        xml = f"--junit-xml={folder / 'junit.xml'}"
        self.session: Session = run_session(folder, files, xml, *written, *arguments, reports=False)
        self.texts = {name: (folder / "new" / name).read_text() for name in FORMATS}
        self.record: SessionRecord = load(folder / "new" / "session.json")
        self.ctrf: dict[str, Any] = json.loads(self.texts["ctrf.json"])
        VALIDATOR.validate(self.ctrf)
        self.metrics = series(self.texts["kubeflow.prom"])
        (self.suite,) = ET.fromstring((folder / "junit.xml").read_text()).iter("testsuite")  # noqa: S314

    def is_red_everywhere(self, state: State) -> None:
        """No format says that all is well."""
        assert self.session.code == self.record.exit_code != 0
        assert self.record.verdict.state is state
        assert int(self.suite.get("failures", 0)) + int(self.suite.get("errors", 0)) > 0
        results = self.ctrf["results"]
        assert results["summary"]["failed"] > 0
        assert results["environment"]["healthy"] is False
        verdicts = {
            dict(labels)["state"]: value
            for (name, labels), value in self.metrics.items()
            if name == "kubeflow_acceptance_verdict"
        }
        assert [name for name, value in verdicts.items() if value] == [state.value]
        assert f"Kubeflow: {state.value}" in self.texts["summary.md"]
        for name in ("report.html", "summary.md"):
            assert state.value in self.texts[name]


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["one process", "a worker"])
def test_an_unfit_cluster(tmp_path: Path, workers: tuple[str, ...]) -> None:
    host = "--kf-host=http://127.0.0.1:1"
    found = Reports(tmp_path, "def test_it(kf_cluster):\n    pass\n", host, *workers)
    assert found.session.code == 78
    found.is_red_everywhere(State.UNFIT)
    failed = [check.name for check in found.record.checks if check.state == "failed"]
    assert failed
    cases = {case.get("name"): case for case in found.suite.iter("testcase")}
    assert cases[failed[0]].find("failure") is not None


def test_an_interrupted_session(tmp_path: Path) -> None:
    found = Reports(
        tmp_path,
        "import os, signal, time\n"
        "def test_before():\n    pass\n"
        "def test_waits():\n    os.kill(os.getpid(), signal.SIGINT); time.sleep(60)\n"
        "def test_after():\n    pass\n",
    )
    assert found.session.code == 2
    found.is_red_everywhere(State.INTERRUPTED)
    cases = {case.get("name"): case for case in found.suite.iter("testcase")}
    assert [*cases] == ["test_before", "test_waits", "test_after", "interrupted"]
    errors = [name for name, case in cases.items() if case.find("error") is not None]
    assert errors == ["test_waits", "test_after", "interrupted"]
    pending = [one for one in found.ctrf["results"]["tests"] if one["status"] == "pending"]
    assert len(pending) == 2


def test_a_slow_night_after_five_good_ones(tmp_path: Path) -> None:
    history = History(tmp_path / "past")
    quick = samples.passed("test_it.py::test_it", seconds=0.01)
    for number in range(5):
        good = samples.session(replace(quick, component=""), checks=(), gateway="")
        history.add(replace(good, session=f"night-{number}", started=samples.STARTED + number))
    found = Reports(
        tmp_path,
        "import time\ndef test_it():\n    time.sleep(2.2)\n",
        f"--kf-history={tmp_path / 'past'}",
        "--kf-slower-than=3",
    )
    assert found.session.code == 1
    (problem,) = found.record.problems
    assert re.match(
        r"--kf-slower-than=3: test_it\.py::test_it took .*, slower than usual: ", problem
    )
    assert problem in found.session.stdout
    found.is_red_everywhere(State.DEGRADED)
    assert "🟢🟢🟢🟢🟢🟠" in found.texts["summary.md"]
    assert history.session().problems == (problem,)


def test_what_cannot_be_written_is_said_before_the_first_test(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "history.sqlite").write_text("no database")
    test = {"test_it.py": "def test_it():\n    print('a test was run')\n"}
    for option, found in (
        ("--kf-ctrf=file/x", f"{tmp_path / 'file'} is a file"),
        (f"--kf-history={tmp_path}", "is damaged (file is not a database)"),
    ):
        done = run_session(tmp_path, test, option, "-s", reports=False)
        assert done.code == 4
        assert found in done.stdout
        assert "a test was run" not in done.stdout


def test_a_step_summary_is_written_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("# Another step's\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    test = {"test_it.py": "def test_it():\n    pass\n"}
    run_session(tmp_path, test, f"--kf-json={os.devnull}", reports=False)
    assert summary.read_text().startswith("# Another step's\n## ✅ Kubeflow: fit\n")
