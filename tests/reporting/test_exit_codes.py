"""The table of exit codes is that of pytest and of ours."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pytest_kubeflow.reporting import exit_codes

from .sessions import run_session

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "exit-codes.md"
NAMES = {
    int(pytest.ExitCode.OK): "passed",
    int(pytest.ExitCode.TESTS_FAILED): "failed",
    int(pytest.ExitCode.INTERRUPTED): "interrupted",
    int(pytest.ExitCode.INTERNAL_ERROR): "internal error",
    int(pytest.ExitCode.USAGE_ERROR): "usage error",
    int(pytest.ExitCode.NO_TESTS_COLLECTED): "nothing collected",
    6: "too many warnings",  # MAX_WARNINGS_ERROR of pytest 9.1 and later
    exit_codes.UNFIT_CODE: "unfit",
}


def test_the_table_has_every_code_by_its_name() -> None:
    rows = re.findall(r"^\| (\d+) \| ([a-z ]+) \| .+ \|$", PAGE.read_text(), re.MULTILINE)
    assert [(int(code), name) for code, name in rows] == [*NAMES.items()]
    ours = {value for name, value in vars(exit_codes).items() if name.endswith("_CODE")}
    assert {*NAMES} >= {*ours, *map(int, pytest.ExitCode)}


def test_a_report_that_could_not_be_written_is_red(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands there may be the report of another night."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    files = {"test_it.py": "def test_it(): pass\n"}
    for arguments, code in (
        ([f"--kf-json={tmp_path / 'a.json'}"], 0),
        (["--kf-json=/dev/full"], 1),
    ):
        session = run_session(tmp_path, files, *arguments, reports=False)
        assert session.code == code, session.stdout
    assert "JSON /dev/full was not written: No space left on device; it is in " in session.stdout
    (saved,) = tmp_path.glob("kubeflow-report-*/full")
    assert json.loads(saved.read_text())["verdict"]
