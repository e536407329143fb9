"""Whole sessions with a list of known failures: what is red, counted and reported."""

from __future__ import annotations

import json

import pytest

TESTS = """
import pytest

def test_known(): assert 1 + 1 == 3, "the sum is wrong"
def test_other(): assert False
def test_mended(): pass

@pytest.fixture
def broken(): raise OSError("no volume")
def test_set_up(broken): pass

@pytest.fixture
def leaving():
    yield
    raise OSError("not removed")
def test_teardown(leaving): assert False

@pytest.mark.parametrize("n", [1, 2])
def test_parameters(n): assert n == 0
def test_skipped(): pytest.skip("no moon")
@pytest.mark.xfail(reason="by its author")
def test_expected(): assert False
"""
CLUSTER = "--kf-host=http://localhost:1"
"""Named, and never asked for anything."""


def run(pytester: pytest.Pytester, lines: str, *arguments: str) -> pytest.RunResult:
    folder = pytester.path
    (folder / "test_it.py").write_text(TESTS)
    (folder / "known.txt").write_text(lines)
    (folder / "pytest.ini").write_text("[pytest]\n")
    return pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-rA", CLUSTER, "--kf-known=known.txt", *arguments
    )


def last_line(result: pytest.RunResult) -> str:
    return [line for line in result.outlines if line][-1]


WORKERS = pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])


@WORKERS
def test_known_ones_are_not_red(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    lines = "test_it.py::test_known until 2999-01-01: sums\n"
    lines += "test_it.py::test_set_up until 2999-01-01: volumes\n"
    lines += "*::test_parameters* until 2999-01-01: numbers\n*::nothing until 2999-01-01: x\n"
    names = ("json", "ctrf", "prometheus", "report", "github-summary")
    files = [f"--kf-{name}={name}.{name if name == 'json' else 'out'}" for name in names]
    files = [
        one.replace("ctrf.out", "ctrf.json").replace("prometheus.out", "x.prom") for one in files
    ]
    files = [one.replace("report.out", "report.html") for one in files]
    result = run(
        pytester,
        lines,
        "-k",
        "known or set_up or param or expected",
        "--junit-xml=j.xml",
        *files,
        *workers,
    )
    text = result.stdout.str()
    assert result.ret == 0, text
    result.assert_outcomes(xfailed=5, deselected=0 if workers else 4)
    assert "known until 2999-01-01: sums (known.txt:1)" in text
    assert "known until 2999-01-01: volumes (known.txt:2) in its set-up" in text
    assert "known.txt: the entry in line 4 is about no test of this session" in text
    assert last_line(result) == "4 of 5 tests failed as known"
    record = json.loads((pytester.path / "json.json").read_text())
    found = {one["nodeid"].rpartition("::")[2]: one for one in record["tests"]}
    assert found["test_known"]["outcome"] == "xfailed"
    assert found["test_known"]["cause"] == "known"
    assert found["test_known"]["sentence"].endswith("; it failed: the sum is wrong")
    assert "no volume" in found["test_set_up"]["sentence"]
    assert found["test_expected"]["cause"] == ""
    assert record["verdict"]["sentence"].startswith(
        "No test passed: 1 failed as expected; 4 failed"
    )
    ctrf = json.loads((pytester.path / "ctrf.json").read_text())["results"]["tests"]
    known = next(one for one in ctrf if one["name"].endswith("::test_known"))
    assert (known["status"], known["labels"]["cause"]) == ("other", "known")
    assert "known_failures" in (pytester.path / "x.prom").read_text()
    xml = (pytester.path / "j.xml").read_text()
    assert 'name="kubeflow.known" value="test_it.py::test_known: known until' in xml
    for name in ("report.html", "github-summary.out"):
        assert "4 failed as known" in (pytester.path / name).read_text(), name


@WORKERS
def test_red_again(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    lines = "test_it.py::test_mended until 2999-01-01: sums\n"
    lines += "test_it.py::test_teardown until 2999-01-01: volumes\n"
    lines += "test_it.py::test_known until 2020-01-01: long ago\n"
    lines += "test_it.py::test_skipped until 2999-01-01: moons\n"
    result = run(pytester, lines, "-k", "not other and not param and not set_up", *workers)
    text = result.stdout.str()
    assert result.ret == 1, text
    result.assert_outcomes(failed=2, xfailed=2, errors=1, skipped=1, deselected=0 if workers else 4)
    assert "it no longer fails: remove known.txt:1 (known until 2999-01-01: sums" in text
    assert "not removed" in text
    over = "known.txt:3: the entry for test_it.py::test_known ended on 2020-01-01: mend what it"
    assert f"ERROR: {over}" in text


def test_an_entry_that_is_over_is_red_alone(pytester: pytest.Pytester) -> None:
    lines = "*::test_skipped until 2020-01-01: long ago\n"
    result = run(pytester, lines, "-k", "skipped")
    assert result.ret == 1
    assert "ended on 2020-01-01" in result.stdout.str()


def test_a_skip_that_is_not_allowed_is_no_known_failure(pytester: pytest.Pytester) -> None:
    lines = "*::test_skipped until 2999-01-01: moons\n"
    result = run(pytester, lines, "-k", "skipped", "--kf-strict")
    assert result.ret == 1
    result.assert_outcomes(failed=1, deselected=8)


@WORKERS
def test_a_mistake_is_a_usage_error(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    result = run(pytester, "# so\n*::test_known for now: x\n", *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    found = [line for line in result.errlines + result.outlines if "known.txt:2" in line]
    assert len(found) == 1
    assert found[0].startswith("ERROR: --kf-known: ")
