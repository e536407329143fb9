"""How much evidence the terminal has: in full, in short, with pytest's own ways to say less."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_kubeflow.errors import Evidence, NotFound, show_evidence

from .sessions import run_session

TESTS = """
import pytest
from pytest_kubeflow.errors import Evidence, NotFound
from pytest_kubeflow.reporting.plugin import add_evidence

LOG = "\\n".join(f"line {number}" for number in range(30))
EVIDENCE = Evidence("run it (1)", (
    ("warnings", "Warning BackOff"), ("log of train", LOG), ("log of other", "nothing of it"),
    ("tasks", "train FAILED"), ("state", "FAILED"),
))

def test_raised():
    raise NotFound("the model is gone", evidence=EVIDENCE)

def test_told(request):
    add_evidence(request.node, EVIDENCE)
    pytest.fail("run it ended FAILED", pytrace=False)
"""

SAYS = {
    (): ({"Warning BackOff", "line 5", "line 29", "train FAILED", "--- state"}, set()),
    ("--kf-evidence=short",): (
        {"line 20", "line 29", "train FAILED"},
        {"line 19", "BackOff", "nothing of it", "--- state"},
    ),
    ("--tb=no",): (set(), {"line 29", "BackOff", "train FAILED"}),
    ("--tb=line",): (set(), {"line 29", "BackOff", "train FAILED"}),
}


@pytest.mark.parametrize("arguments", SAYS)
def test_the_terminal(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A CI system: pytest's short summary has all lines of a message.
    monkeypatch.setenv("CI", "true")
    more = ("--kf-json=report.json", "--kf-quiet")
    session = run_session(tmp_path, {"test_it.py": TESTS}, *arguments, *more, reports=False)
    there, missing = SAYS[arguments]
    for text in there:
        assert session.stdout.count(text) >= 2, f"{text}\n{session.stdout}"
    for text in missing:
        assert text not in session.stdout
    for sentence in ("the model is gone", "run it ended FAILED"):
        assert f"{sentence}\n" in session.stdout.partition("short test summary")[2]
    assert "kubeflow: no cluster" not in session.stdout
    # Reports have all of it.
    for test in json.loads((tmp_path / "report.json").read_text())["tests"]:
        assert [one["heading"] for one in test["evidence"]] == [
            *("warnings", "log of train", "log of other", "tasks", "state")
        ]


def test_what_has_neither_tasks_nor_logs_shows_its_first_section() -> None:
    evidence = Evidence("pod a/b", (("state", "Pending"), ("events", "none")))
    assert evidence.brief().sections == (("state", "Pending"),)


@pytest.mark.parametrize("how", ["full", "short", "none"])
def test_the_full_text_has_all_of_it(how: str) -> None:
    error = NotFound("gone", evidence=Evidence("run it", (("state", "FAILED"), ("log of a", "1"))))
    show_evidence(how)
    try:
        assert error.full_text == "gone\nrun it\n--- state\nFAILED\n--- log of a\n1"
        assert (str(error) == error.full_text) is (how == "full")
    finally:
        show_evidence("full")
    assert NotFound("gone").full_text == "gone"
