"""The marker kf_pipeline demands its run: whoever forgets the fixture, or hides the failure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cluster.remote import NAMESPACE, Remote

MARKED = """
import contextlib
import pathlib
import unittest
import pytest
from kfp import dsl

@dsl.container_component
def end(code: str):
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", 'exit "$0"'], args=[code])

@dsl.container_component
def sleep():
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=["300"])

@dsl.pipeline(name="ending")
def ending(code: str = "0"):
    end(code=code)

@dsl.pipeline(name="endless")
def endless():
    sleep()

bad = pytest.mark.kf_pipeline(ending, arguments={"code": "3"})
good = pytest.mark.kf_pipeline(ending)

def note(name):
    with open("bodies", "a") as file:
        print(name, file=file)

@bad
def test_plain():
    note("plain")

@bad
class TestClass:
    def setup_method(self):
        pass
    def test_in_a_class(self):
        note("class")

class Unit(unittest.TestCase):
    def setUp(self):
        note("setUp")
    @bad
    def test_unit(self):
        note("unit")

@bad
async def test_async(pipeline_run):
    note("async")

@pytest.mark.parametrize("one", [pytest.param(1, marks=bad), 2])
def test_one_of_two(one):
    assert one == 2 or note("parametrized")

@pytest.mark.kf_pipeline(endless, timeout=4)
def test_in_time_not_at_all():
    note("endless")

@pytest.fixture
def built(pipeline_run):
    note("built")
    return pipeline_run.task("end").outputs["none"]

@bad
def test_with_a_fixture_that_builds_on_it(built):
    note("building")

@pytest.fixture
def hushed(request):
    with contextlib.suppress(BaseException):
        request.getfixturevalue("pipeline_run")

@bad
def test_with_a_fixture_that_hides_it(hushed):
    note("hidden")

@bad
class TestReplaced:
    @pytest.fixture
    def pipeline_run(self):
        return None
    def test_replaced(self, pipeline_run):
        note("replaced")

@pytest.fixture
def skips():
    pytest.skip("before the run is waited for")

@pytest.mark.kf_pipeline(endless)
def test_skipped_by_a_fixture(skips):
    note("skipped")

@bad
@pytest.mark.xfail(reason="known")
def test_expected_to_fail():
    note("xfail")

shared = pytest.mark.kf_pipeline(ending, arguments={"code": "3"}, share="module")

@shared
def test_shared_first():
    note("shared")

@shared
def test_shared_second(pipeline_run):
    note("shared")

@pytest.fixture
def late(request):
    request.node.add_marker(good)

def test_marked_too_late(late):
    note("late")

@pytest.mark.kf_pipeline(ending, arguments={"codes": "3"})
def test_mistaken_without_the_fixture():
    note("mistaken")

@good
def test_good_without_the_fixture():
    pass

@pytest.mark.kf_pipeline(ending, arguments={"code": "3"}, expect="FAILED")
def test_expected_end_without_the_fixture():
    pass

@pytest.mark.kf_pipeline(ending, expect="FAILED")
def test_unexpected_success():
    note("success")

@bad
def test_with_a_run_by_hand(run_pipeline):
    note("by hand")
"""

CONFTEST = """
import pytest

class Custom(pytest.Item):
    def runtest(self):
        pass

class CustomFile(pytest.File):
    def collect(self):
        yield Custom.from_parent(self, name="custom")

def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".custom":
        return CustomFile.from_parent(parent, path=file_path)

def pytest_collection_modifyitems(items):
    import test_marked
    for item in items:
        if item.name in ("custom", "documented.txt"):
            item.add_marker(test_marked.bad)
"""

ENDED = r"run ending-\w+ ended FAILED, not SUCCEEDED: task end is FAILED"
RED = {
    "test_plain": ENDED,
    "test_in_a_class": ENDED,
    "test_unit": ENDED,
    "test_async": ENDED,
    "test_one_of_two[1]": ENDED,
    "test_in_time_not_at_all": r"timed out after 4 s waiting for run endless-\w+ to end",
    "test_with_a_fixture_that_builds_on_it": ENDED,
    "test_with_a_fixture_that_hides_it": ENDED,
    "test_replaced": ENDED,
    "test_shared_first": ENDED,
    "test_shared_second": ENDED,
    "test_marked_too_late": r"the marker kf_pipeline must be there when tests are collected",
    "test_unexpected_success": r"run ending-\w+ ended SUCCEEDED, not FAILED",
    "test_with_a_run_by_hand": ENDED,
    "custom": r"kf_pipeline is for tests that can have fixtures, which Custom has not",
    "documented.txt": ENDED,
}
"""Tests that fail, and as what."""

MISTAKEN = {
    "test_mistaken_without_the_fixture": r"pipeline ending has no parameter 'codes'",
}
"""Tests that cannot be tried."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_marked.py").write_text(MARKED)
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "documented.txt").write_text(">>> 1 + 1\n2\n")
    (tmp_path / "a.custom").touch()
    return tmp_path


def test_a_run_that_ends_wrong_fails_its_test(remote: Remote, folder: Path) -> None:
    before = remote.things()
    code, output = remote.run(
        folder,
        "--junitxml=junit.xml",
        "--html=report.html",
        "--self-contained-html",
        "--doctest-glob=*.txt",
        f"--kf-namespace={NAMESPACE}",
        seconds=120,
    )
    assert code == 1, output
    report = ET.parse(folder / "junit.xml")  # noqa: S314 our own
    cases = {
        one.get("name", ""): one
        for one in report.iter("testcase")
        if not one.get("classname", "").startswith("kubeflow")  # the preflight's
    }
    ends = {
        kind: {
            name: found.get("message", "") + (found.text or "")
            for name, case in cases.items()
            if (found := case.find(kind)) is not None
        }
        for kind in ("failure", "error", "skipped")
    }
    assert ends["failure"].keys() == RED.keys(), output
    assert ends["error"].keys() == MISTAKEN.keys(), output
    assert ends["skipped"].keys() == {"test_skipped_by_a_fixture", "test_expected_to_fail"}
    for name, told in (RED | MISTAKEN).items():
        assert re.search(told, (ends["failure"] | ends["error"])[name]), name
    # No body of them was run, nor what builds on the run.
    assert not (folder / "bodies").exists(), (folder / "bodies").read_text()
    # And yet the reports have the runs.
    for name in ("test_plain", "test_with_a_run_by_hand", "test_good_without_the_fixture"):
        properties = [one.get("value") or "" for one in cases[name].iter("property")]
        assert any("ending-" in value for value in properties), properties
    assert len(re.findall(r"ending-\w+", (folder / "report.html").read_text())) > 10
    assert remote.things() == before


def test_without_a_call_it_is_the_setup_that_fails(remote: Remote, folder: Path) -> None:
    code, output = remote.run(folder, "--setup-only", "-k", "test_plain", "-rE")
    assert code == 1, output
    assert re.search(rf"ERROR test_marked.py::test_plain - \S+: {ENDED}", output), output


def test_what_failed_is_kept(remote: Remote, folder: Path) -> None:
    code, output = remote.run(
        folder,
        "--kf-keep=on-failure",
        f"--kf-namespace={NAMESPACE}",
        *("-k", "test_plain or test_good_without_the_fixture"),
    )
    assert code == 1, output
    assert "1 failed, 1 passed" in output
    kept = output.partition("kept on the cluster (--kf-keep)")[2]
    assert len(set(re.findall(r"run ending-\w+", kept))) == 1
