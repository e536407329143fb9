"""What is uploaded when a release is made: a wheel that installs and has the suites, an sdist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made of it, as a release has them."""
    folder = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--quiet", "--python", sys.executable, "--out-dir", folder, ROOT)
    return folder


def run(*command: str | Path, cwd: Path | None = None, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def files_of(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_both_pass_the_index_own_check(built: Path) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", *built.glob("pytest_kubeflow-*"))


def test_the_version_is_of_the_repository(built: Path) -> None:
    wheel = only(built, "*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        found = HeaderParser().parsestr(archive.read(name).decode())
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?(\.dev\d+)?(\+\S+)?", found["Version"])
    assert f"-{found['Version'].replace('-', '_')}-" in wheel.name
    urls = dict(one.split(", ", 1) for one in found.get_all("Project-URL", []))
    assert urls.keys() == {"Source", "Changelog", "Issues"}


def test_the_wheel_has_all_of_the_package_and_the_suites_and_nothing_else(built: Path) -> None:
    listed = run("git", "ls-files", "pytest_kubeflow", "suites", cwd=ROOT).splitlines()
    wanted = {re.sub(r"^suites/", "pytest_kubeflow/suites/", one) for one in listed}
    wanted.add("pytest_kubeflow/report.schema.json")
    found = {one for one in files_of(only(built, "*.whl")) if ".dist-info/" not in one}
    assert found == wanted


def test_the_sdist_has_what_builds_and_tests_it(built: Path) -> None:
    with tarfile.open(only(built, "*.tar.gz")) as archive:
        found = {one.name.partition("/")[2] for one in archive.getmembers()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "tox.ini"} <= found
    assert "tests/packaging/test_distribution.py" in found
    assert not [one for one in found if one.startswith((".ci", ".venv", ".tox", ".git/"))]


def test_the_suites_of_an_installed_wheel_are_collected(built: Path, tmp_path: Path) -> None:
    """From a folder that is no checkout, where there is no package `suites`."""
    site = tmp_path / "site"
    run(
        *(UV, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable),
        *("--target", site, only(built, "*.whl")),
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q")
    suites = run(
        *command, "--pyargs", "pytest_kubeflow.suites", cwd=elsewhere, PYTHONPATH=str(site)
    )
    here = run(*command, "suites", cwd=ROOT)

    def tests(output: str) -> set[str]:
        return set(re.findall(r"(\S+/test_\S+::\S+)", output))

    found = {re.sub(r"^.*?(\w+/test_)", r"\1", one) for one in tests(suites)}
    assert found == {one.removeprefix("suites/") for one in tests(here)}
    assert found
