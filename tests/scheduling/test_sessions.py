"""Whole sessions: what is submitted for which selection, under both policies and pytest-xdist."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cluster.remote import COMMAND, Remote
from tests.scheduling.sessions import DECLARED, OUTCOMES, SUBMITTED, Sessions

SHUFFLED = """
import random

def pytest_collection_modifyitems(items):
    random.Random({seed}).shuffle(items)
"""


@pytest.fixture
def sessions(remote: Remote, tmp_path: Path) -> Sessions:
    return Sessions.of(remote, tmp_path, DECLARED)


SELECTIONS: dict[str, tuple[list[str], list[str], list[str]]] = {
    "keyword": (["-k", "test_a or test_c or test_unmarked"], ["test_a"], ["a", "c", "c"]),
    "mark": (["-m", "slow"], ["test_b"], ["b"]),
    "node-id": (["test_it.py::test_c[y]", "test_it.py::test_first"], [], ["c", "shared"]),
    "none": (["-k", "test_unmarked"], ["test_unmarked"], []),
}


@pytest.mark.parametrize("case", SELECTIONS)
def test_what_is_selected_is_submitted_and_no_more(sessions: Sessions, case: str) -> None:
    arguments, tests, runs = SELECTIONS[case]
    outcomes, output = sessions.run(*arguments)
    assert outcomes, output
    assert set(tests) <= outcomes.keys()
    assert {test: OUTCOMES[test] for test in outcomes} == outcomes, output
    assert sessions.submitted() == runs


SCHEDULES = {
    "submit-first": [],
    "sequential": ["--kf-schedule=sequential"],
    "one-in-flight": ["--kf-max-runs=1"],
    "xdist": ["-n", "2"],
    "xdist-sequential": ["-n", "2", "--kf-schedule=sequential"],
}


@pytest.mark.parametrize("case", SCHEDULES)
def test_outcomes_are_the_same_and_no_run_is_submitted_twice(sessions: Sessions, case: str) -> None:
    outcomes, output = sessions.run(*SCHEDULES[case])
    assert outcomes == OUTCOMES, output
    submitted = sessions.submitted()
    if "xdist" in case and submitted != SUBMITTED:
        submitted.remove("shared")  # by two workers, each of which ran one of its tests
    assert submitted == SUBMITTED
    for found in (
        "pipeline working has no parameter 'secs'; its parameters: seconds",
        "the marker kf_pipeline wants one pipeline",
        "quantit",
    ):
        assert found in output


def test_random_order(sessions: Sessions) -> None:
    (sessions.folder / "conftest.py").write_text(SHUFFLED.format(seed=7))
    outcomes, output = sessions.run()
    assert list(outcomes) != list(OUTCOMES)
    assert outcomes == OUTCOMES, output
    assert sessions.submitted() == SUBMITTED


def test_last_failed(sessions: Sessions) -> None:
    cached = ["-p", "cacheprovider", "-k", "test_a or test_red or test_c"]
    sessions.run(*cached)
    assert sessions.submitted() == ["a", "c", "c", "red"]
    outcomes, output = sessions.run(*cached, "--lf")
    assert outcomes == {"test_red": "FAILED"}, output
    assert sessions.submitted() == ["a", "c", "c", "red", "red"]


def test_the_plan_is_printed_and_nothing_submitted(sessions: Sessions) -> None:
    before = sessions.remote.things()
    code, output = sessions.remote.run(sessions.folder, "--kf-plan", "-k", "not test_none")
    assert code == 1, output
    assert "argument   text = a volume\n  argument   other = a bucket\n" in output
    assert "10 runs would be submitted, 1 cannot be submitted" in output
    assert "test_it.py::test_first, test_it.py::test_second" in output
    assert sessions.remote.things() == before
    assert sessions.submitted() == []


def test_the_plan_needs_no_cluster(sessions: Sessions) -> None:
    command = [*COMMAND, "--kf-plan", "-k", "test_a or test_c"]
    done = subprocess.run(
        command, cwd=sessions.folder, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 runs would be submitted" in done.stdout
    assert "test_it.py::test_c[y]" in done.stdout
    assert "  image      busybox" in done.stdout
    refused = subprocess.run(
        [*command, "-n", "2"], cwd=sessions.folder, capture_output=True, text=True, check=False
    )
    assert refused.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--kf-plan wants one process: leave out -n" in refused.stderr


def test_a_hook_chooses_what_is_begun_first(sessions: Sessions) -> None:
    """The others are begun by their tests, one at a time and so in their order."""
    (sessions.folder / "conftest.py").write_text(
        "def pytest_kubeflow_schedule(config, plan):\n"
        "    return [run for run in plan if run.declaration.name.endswith('-b')]\n"
        # The API tells in whole seconds when a run was made.
        "import time\n"
        "def pytest_runtest_teardown():\n"
        "    now = int(time.time())\n"
        "    while int(time.time()) == now:\n"
        "        time.sleep(0.05)\n"
    )
    outcomes, output = sessions.run("-k", "test_a or slow or test_first", "--kf-max-runs=1")
    assert set(outcomes.values()) == {"PASSED"}, output
    assert len(outcomes) == 3
    assert sessions.order() == ["b", "a", "shared"]
