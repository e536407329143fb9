"""The table of exit codes is that of pytest and of ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_kubeflow.reporting import exit_codes

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
