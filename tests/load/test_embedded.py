"""Load tests on an embedded cluster: two nights with one history, and sessions that are refused."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kubeflow.load.measuring import API_FIGURES, FIRST_POD, SCHEDULING, STARTING, WHOLE
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.local.endpoints import Endpoints
from tests.suites.test_red import ways_in

ROOT = Path(__file__).parents[2]
RUNS = 3


@pytest.fixture(scope="module")
def where() -> Iterator[Endpoints]:
    with LocalKubeflow() as running:
        yield running.endpoints


def session(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "suites/load"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_second_night_is_compared_with_the_first(where: Endpoints, tmp_path: Path) -> None:
    options, environment = ways_in(where, 60)
    options += [f"--kf-load={RUNS}", f"--kf-history={tmp_path / 'past'}", "--kf-strict-cleanup"]
    first = session(*options, **environment)
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"no earlier load of {RUNS} runs on this cluster is known" in first.stdout
    document = tmp_path / "second.json"
    second = session(*options, f"--kf-json={document}", **environment)
    assert second.returncode == 0, second.stdout + second.stderr
    assert f"load of {RUNS} runs" in second.stdout
    for name in API_FIGURES:
        assert re.search(rf"^{name} .* \(\d+\.\d\dx\)$", second.stdout, re.MULTILINE), second.stdout
    (load,) = json.loads(document.read_text())["loads"]
    assert (load["runs"], load["submitted"], load["succeeded"]) == (RUNS, RUNS, RUNS)
    assert load["stopped"] == ""
    assert 0 < load["submitting"] < load["seconds"]
    found = {one["name"]: one["count"] for one in load["figures"]}
    assert found.keys() >= {*API_FIGURES, FIRST_POD, SCHEDULING, STARTING, WHOLE}
    assert found[FIRST_POD] == found[WHOLE] == RUNS
    # Drivers are pods elsewhere, and a thread here.
    assert found[SCHEDULING] == found[STARTING]
    assert found[SCHEDULING] >= RUNS


def test_what_puts_load_on_a_cluster_is_asked_for(where: Endpoints) -> None:
    options, environment = ways_in(where, 60)
    done = session(*options, **environment)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    message = (
        "all selected tests put load on the cluster (kf_load), which they do with --kf-load=RUNS"
    )
    assert message in done.stdout + done.stderr


def test_workers_would_multiply_it() -> None:
    done = session("--kf-host=https://kubeflow.example.com", "--kf-load=5", "-n", "2")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    message = "--kf-load=5 (from command line) works in one process, since each worker would put"
    assert message in done.stdout + done.stderr


def test_there_is_a_bound() -> None:
    done = session("--kf-host=https://kubeflow.example.com", "--kf-load=201")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert re.search(
        r"--kf-load.*201.*valid: a whole number of runs, 1 or more, at most 200", done.stderr
    )


def test_load_tests_come_last_and_never_unasked(tmp_path: Path) -> None:
    (tmp_path / "test_both.py").write_text(
        "import pytest\n\n"
        "@pytest.mark.kf_load\ndef test_load():\n    pass\n\n"
        "def test_other():\n    pass\n"
    )

    def listed(*options: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", *options],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return re.findall(r"::(\w+)$", done.stdout, re.MULTILINE)

    assert listed() == ["test_other"]
    assert listed("--kf-load=5") == ["test_other", "test_load"]
