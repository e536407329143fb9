"""A session of pytest in a process of its own, and what it has written."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Session:
    """`stdout` and the two reports, as texts; `stdout` is all that was left if there are none."""

    code: int
    stdout: str
    html: str
    xml: str

    @property
    def outcomes(self) -> dict[str, int]:
        """How many tests passed, failed and so on, as pytest's last line says."""
        found = pytest.RunResult.parse_summary_nouns(self.stdout.splitlines())
        return {name: count for name, count in found.items() if name != "warnings"}

    @property
    def page(self) -> dict[str, Any]:
        """What pytest-html's script makes the page of."""
        blob = re.search(r'data-jsonblob="([^"]*)"', self.html)
        assert blob is not None, self.stdout
        found: dict[str, Any] = json.loads(html.unescape(blob[1]))
        return found

    def rows(self, test: str) -> list[dict[str, Any]]:
        """The rows of a test in the table."""
        tests = self.page["tests"]
        return next(rows for name, rows in tests.items() if f"::{test}" in f"{name}::")

    def row(self, test: str) -> dict[str, Any]:
        """The only row of a test."""
        (row,) = self.rows(test)
        return row

    def extras(self, test: str, kind: str) -> list[str]:
        """What the row of a test has of a kind of extras: "html" or "url"."""
        found = self.row(test)["extras"]
        return [extra["content"] for extra in found if extra["format_type"] == kind]

    def case(self, test: str) -> ET.Element:
        """The only test case of this name in JUnit XML."""
        (case,) = (
            each
            for each in ET.fromstring(self.xml).iter("testcase")  # noqa: S314  written by pytest
            if each.get("name") == test
        )
        return case

    def properties(self, test: str) -> list[tuple[str, str]]:
        """The properties of a test case."""
        return [
            (each.get("name", ""), each.get("value", ""))
            for each in self.case(test).iter("property")
        ]

    def failure(self, test: str) -> str:
        """The text of a test case's failure or error."""
        (found,) = (each for each in self.case(test) if each.tag in {"failure", "error"})
        return found.text or ""

    def section(self, test: str) -> str:
        """What the terminal shows of a failed test."""
        found = re.search(
            rf"^_+ (?:ERROR at setup of )?{test} _+$(.*?)(?=^__+ |^==+ )",
            self.stdout,
            re.MULTILINE | re.DOTALL,
        )
        assert found is not None, self.stdout
        return found[1]


def run_session(folder: Path, files: dict[str, str], *arguments: str, reports: bool) -> Session:
    """Run pytest in `folder` over `files`; with `reports` it writes HTML and JUnit XML."""
    for name, text in files.items():
        (folder / name).write_text(text)
    page, xml = folder / "report.html", folder / "junit.xml"
    written = [f"--html={page}", "--self-contained-html", f"--junit-xml={xml}"] if reports else []
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", *written, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert "INTERNALERROR" not in done.stdout
    return Session(
        done.returncode,
        done.stdout + done.stderr,
        page.read_text() if page.exists() else "",
        xml.read_text() if xml.exists() else "",
    )
