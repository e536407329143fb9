"""Sessions on several targets: each has reports of its own, and one page is about all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

TARGETS = """
[targets.staging]
host = "http://127.0.0.1:1"

[targets.production]
host = "http://127.0.0.1:2"

[targets.typo]
hosst = "http://127.0.0.1:3"

[targets.wrong]
host = "127.0.0.1 3"
"""
TESTS = """
def test_green(): pass

def test_red(kf_config):
    assert kf_config.gateway.host == "http://127.0.0.1:1", "it is not staging"
"""
WAITING = """
import pathlib
import time

def test_waits(kf_config):
    pathlib.Path(kf_config.gateway.host[-1]).touch()
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kubeflow-targets.toml").write_text(TARGETS)
    (tmp_path / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def start(folder: Path, targets: Sequence[str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--kf-fleet=out"),
            *(f"--kf-target={one}" for one in targets),
            *arguments,
        ],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, targets: Sequence[str], *arguments: str) -> tuple[int, str]:
    with start(folder, targets, *arguments) as session:
        output, _ = session.communicate(timeout=120)
    return session.returncode, output


def test_one_page_about_all(folder: Path) -> None:
    code, output = run(folder, ["staging", "production"], "--kf-prometheus=metrics.prom")
    assert code == 1, output
    assert "1 of 2 clusters is red: production (degraded)." in output
    fleet = json.loads((folder / "out" / "fleet.json").read_text())
    assert fleet["exit_code"] == 1
    found = {one["target"]: one for one in fleet["targets"]}
    assert list(found) == ["staging", "production"]
    assert (found["staging"]["state"], found["staging"]["exit_code"]) == ("fit", 0)
    assert found["production"]["counts"] == {"passed": 1, "failed": 1}
    assert "it is not staging" in " ".join(found["production"]["causes"])
    assert not (folder / "metrics.prom").exists()
    page = (folder / "out" / "index.html").read_text()
    for name in ("staging", "production"):
        reports = folder / "out" / name
        assert {one.name for one in reports.iterdir()} == {
            *("report.html", "session.json", "junit.xml", "output.log", "kubeflow.prom"),
        }
        assert f'href="{name}/report.html"' in page
        assert json.loads((reports / "session.json").read_text())["target"] == name
    assert "it is not staging" in page


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["staging", "nowhere"], "--kf-target: there is no target 'nowhere' in "),
        (["staging", "typo"], "[targets.typo] hosst is not known; valid: "),
        (["staging", "wrong"], "--kf-host: '127.0.0.1 3' from target wrong in kubeflow-targets"),
        (["staging", "staging"], "--kf-target=staging is given twice"),
    ],
)
def test_a_mistake_is_one_usage_error(folder: Path, targets: list[str], message: str) -> None:
    code, output = run(folder, targets)
    assert code == 4, output
    assert output.startswith("ERROR: ")
    assert message in output
    assert len(output.strip().splitlines()) == 1
    assert not (folder / "out").exists()


def test_a_line_that_is_no_toml_is_told_by_its_number(folder: Path) -> None:
    (folder / "kubeflow-targets.toml").write_text(TARGETS + "\noops\n")
    code, output = run(folder, ["staging", "production"])
    assert code == 4, output
    assert "kubeflow-targets.toml is not TOML: " in output
    assert f"line {len(TARGETS.splitlines()) + 2}" in output


def test_a_signal_ends_all(folder: Path) -> None:
    (folder / "test_it.py").write_text(WAITING)
    with start(folder, ["staging", "production"]) as session:
        ends = time.monotonic() + 90
        while not ((folder / "1").exists() and (folder / "2").exists()):
            assert time.monotonic() < ends
            assert session.poll() is None
            time.sleep(0.1)
        os.kill(session.pid, signal.SIGTERM)
        output, _ = session.communicate(timeout=60)
    assert session.returncode == 2, output
    fleet = json.loads((folder / "out" / "fleet.json").read_text())
    assert [one["state"] for one in fleet["targets"]] == ["interrupted"] * 2
