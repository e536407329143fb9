"""Allure's results have runs and evidence, and no secret, whoever attached it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .runs import NAME, RUN_ID
from .sessions import run_session
from .test_plugin import CONFTEST

SECRET = "correct-horse-battery"
TESTS = f"""
import allure
from tests.reporting.runs import Fake, task

def test_passes(ended):
    pass

def test_wrong(started):
    print("printed {SECRET}")
    allure.attach("attached {SECRET}", "mine")
    allure.attach(b"\\xff bytes {SECRET}", "bytes")
    with allure.step("step {SECRET}"):
        run = started(Fake(state="FAILED", tasks=[task("tell", "{SECRET}", state="FAILED")]))
    raise ValueError("raised {SECRET}")

def test_without():
    pass
"""


def test_runs_evidence_and_no_secret(tmp_path: Path) -> None:
    results = tmp_path / "results"
    files = {"conftest.py": CONFTEST, "test_it.py": TESTS}
    done = run_session(tmp_path, files, f"--alluredir={results}", reports=False)
    assert done.outcomes == {"passed": 2, "failed": 1}, done.stdout
    for file in results.iterdir():
        assert SECRET.encode() not in file.read_bytes(), file
    tests: dict[str, Any] = {}
    for file in results.glob("*-result.json"):
        found = json.loads(file.read_text())
        tests[found["name"]] = found
    assert sorted(tests) == ["test_passes", "test_without", "test_wrong"]
    assert tests["test_without"].get("attachments", []) == []
    wrong = tests["test_wrong"]
    assert wrong["statusDetails"]["message"] == "ValueError: raised ***"
    attached = {one["name"]: (results / one["source"]).read_bytes() for one in wrong["attachments"]}
    assert attached["what is wrong"] == b"ValueError: raised ***"
    assert attached["mine"] == b"attached ***"
    assert attached["bytes"] == b"\xff bytes ***"
    assert b"printed ***" in attached["stdout"]
    assert b"FAILED" in attached["tasks"]
    run = json.loads(attached[f"run {NAME} ({RUN_ID})"])
    assert run["tasks"][0]["state"] == "FAILED"
    (link,) = tests["test_passes"]["links"]
    assert link["name"] == NAME
    assert link["url"].endswith(RUN_ID)
