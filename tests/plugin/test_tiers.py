"""The tiers of the shipped suites: each test has one, and the quickest is quick and green."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from suites.tiers import SMOKE, tiers_of

ROOT = Path(__file__).parents[2]
LISTING = """
import json
import pathlib

TIERS = {"kf_smoke", "kf_full", "kf_slow", "kf_gpu", "kf_load"}

def pytest_collection_finish(session):
    found = {
        item.nodeid: sorted(TIERS & {mark.name for mark in item.iter_markers()})
        for item in session.items
    }
    pathlib.Path("tiers.json").write_text(json.dumps(found))
"""
SUITES = "pytest_kubeflow.suites"
CORE = {"access", "pipelines", "volumes", "objectstore", "platform"}
"""What is looked at however little time there is."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as a wheel has it: the suites are in it."""
    folder = tmp_path_factory.mktemp("installed")
    package = folder / "pytest_kubeflow"
    package.mkdir()
    for one in (ROOT / "pytest_kubeflow").iterdir():
        if one.name not in {"__pycache__", "suites"}:
            (package / one.name).symlink_to(one)
    leave_out = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "suites", package / "suites", ignore=leave_out)
    return folder


def pytest_says(folder: Path, installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A session in a folder from where the suites are to be had by their package alone."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{installed}{os.pathsep}{folder}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def tiers(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The tiers of each test, by its id below the suites."""
    folder = tmp_path_factory.mktemp("tiers")
    (folder / "listing.py").write_text(LISTING)
    done = pytest_says(
        folder,
        installed,
        *("-p", "listing", "--collect-only", "-q", "--kf-load=1", "--pyargs", SUITES),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((folder / "tiers.json").read_text())
    return {name.rpartition("suites/")[2]: told for name, told in found.items()}


def test_each_test_has_one_tier(tiers: dict[str, list[str]]) -> None:
    assert len(tiers) > 200
    for name, found in tiers.items():
        apart = [one for one in found if one != "kf_smoke"]
        assert len(apart) == 1, f"{name} is of {found}"
        assert "kf_smoke" not in found or apart == ["kf_full"], f"{name} is of {found}"
    assert {one for found in tiers.values() for one in found} >= {"kf_slow", "kf_gpu", "kf_load"}


def test_the_smoke_tier_has_each_core_component(tiers: dict[str, list[str]]) -> None:
    smoke = [name for name, found in tiers.items() if "kf_smoke" in found]
    assert {name.partition("/")[0] for name in smoke} >= CORE
    for place in SMOKE:
        assert any(
            name == place or name.startswith((f"{place}/", f"{place}::", f"{place}["))
            for name in smoke
        ), f"no test of the smoke tier is {place}"


@pytest.mark.parametrize(
    ("markers", "required", "expected"),
    [
        ((), (), ("kf_full", "kf_smoke")),
        (("kf_full",), (), ("kf_smoke",)),
        (("kf_slow",), (), ()),
        (("kf_slow",), ("gpu",), ()),
        (("kf_load",), (), ()),
        ((), ("training", "gpu"), ("kf_gpu",)),
        (("kf_gpu",), ("gpu",), ()),
        (("kf_gpu",), (), ()),
    ],
)
def test_markers_decide(
    markers: tuple[str, ...], required: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert tiers_of("platform/test_x.py::test_x", markers=markers, required=required) == expected


def test_the_smoke_tier_is_green_and_quick(installed: Path, tmp_path: Path) -> None:
    report = tmp_path / "smoke.json"
    done = pytest_says(
        tmp_path,
        installed,
        *("--kf-host=local", "-m", "kf_smoke", f"--kf-json={report}", "--pyargs", SUITES),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads(report.read_text())
    assert record["verdict"]["state"] == "fit"
    left = {
        one["nodeid"].rpartition("::")[2] for one in record["tests"] if one["outcome"] != "passed"
    }
    # The embedded gateway speaks HTTP: there is no certificate to believe.
    assert left <= {"test_the_gateway_is_believed"}, done.stdout
    # Half a minute is usual; a machine that others use as well may take longer.
    assert record["ended"] - record["started"] < 400
