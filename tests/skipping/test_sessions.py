"""Whole sessions with skips: what is red, what the last line says; also under pytest-xdist."""

from __future__ import annotations

from pathlib import Path

import pytest

SKIPS = """
import pytest
from pytest_kubeflow import skip_for

def test_runs(): pass

@pytest.fixture
def store():
    skip_for("objectstore", "no store answers at all")

@pytest.mark.kf_requires()
@pytest.mark.skip(reason="by a marker")
def test_marker(): pass

def test_store(store): pass

def test_body():
    skip_for("gpu", "no node has one")

@pytest.mark.xfail(reason="known")
def test_known(): assert False

@pytest.mark.xfail(run=False, reason="crashes")
def test_not_run(): pass
"""
WHOLE = """
import pytest
pytest.skip("this module needs a moon", allow_module_level=True)
"""
CLUSTER = "--kf-host=http://localhost:1"
"""Named, and never asked for anything."""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_skips.py").write_text(SKIPS.replace("@pytest.mark.kf_requires()\n", ""))
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(pytester: pytest.Pytester, folder: Path, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess(
        str(folder), "-p", "no:cacheprovider", "-rA", f"--junit-xml={folder}/junit.xml", *arguments
    )


def last_line(result: pytest.RunResult) -> str:
    return [line for line in result.outlines if line][-1]


def test_last_line_counts(pytester: pytest.Pytester, suite: Path) -> None:
    result = run(pytester, suite, CLUSTER)
    assert result.ret == 0
    assert last_line(result).startswith("4 of 6 tests did not run: ")
    for part in ("no object store (1)", "no GPU (1)", "by a marker (1)"):
        assert part in last_line(result)


def test_quiet_about_it_where_no_cluster_is_named(pytester: pytest.Pytester, suite: Path) -> None:
    assert "did not run" not in run(pytester, suite).stdout.str()


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_strict(pytester: pytest.Pytester, suite: Path, workers: tuple[str, ...]) -> None:
    (suite / "test_whole.py").write_text(WHOLE)
    result = run(pytester, suite, "--kf-strict", "--kf-allow-skip=gpu", *workers)
    assert result.ret == 1
    text = result.stdout.str()
    result.assert_outcomes(passed=1, failed=3, skipped=2, xfailed=1)
    assert "no store answers at all (--kf-strict=True (from command line)" in text
    assert "--kf-allow-skip=objectstore allows this skip" in text
    assert "test_whole.py was skipped: this module needs a moon (--kf-strict" in text
    assert (suite / "junit.xml").read_text().count("<failure ") == 3
    assert last_line(result).startswith("2 of 7 tests did not run: ")


def test_whole_module_alone_is_red(pytester: pytest.Pytester, tmp_path: Path) -> None:
    (tmp_path / "test_whole.py").write_text(WHOLE)
    (tmp_path / "test_good.py").write_text("def test_good(): pass")
    assert run(pytester, tmp_path, CLUSTER).ret == 0
    assert run(pytester, tmp_path, CLUSTER, "--kf-strict").ret == 1
    assert run(pytester, tmp_path, CLUSTER, "--kf-strict", "--kf-allow-skip=*moon*").ret == 0


def test_all_allowed(pytester: pytest.Pytester, suite: Path) -> None:
    allowed = "--kf-allow-skip=gpu,objectstore,*by a marker*,*NOTRUN*"
    assert run(pytester, suite, CLUSTER, "--kf-strict", allowed).ret == 0


def test_too_few(pytester: pytest.Pytester, suite: Path) -> None:
    assert run(pytester, suite, CLUSTER, "--kf-min-tests=2").ret == 0
    result = run(pytester, suite, CLUSTER, "--kf-min-tests=3")
    assert result.ret == 1
    assert "ERROR: only 2 tests ran: --kf-min-tests=3 (from command line)" in result.stdout.str()


def test_ended_early(pytester: pytest.Pytester, tmp_path: Path) -> None:
    (tmp_path / "test_many.py").write_text(
        "import pytest\n@pytest.mark.parametrize('i', range(5))\ndef test_it(i): assert i != 1\n"
    )
    result = run(pytester, tmp_path, CLUSTER, "-x")
    assert last_line(result) == "3 of 5 tests did not run: the session ended before them (3)"
