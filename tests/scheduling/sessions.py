"""Test files for the sessions that these tests start, and what came of them."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.remote import NAMESPACE, Remote

PIPELINES = """
from kfp import dsl
import pytest
from pytest_kubeflow import ScratchBucket, SeededVolume

@dsl.container_component
def work(seconds: str):
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=[seconds])

@dsl.container_component
def show(text: str):
    return dsl.ContainerSpec(image="busybox", command=["echo"], args=[text])

@dsl.pipeline
def working(seconds: str = "0"):
    work(seconds=seconds)

@dsl.pipeline
def showing(text: str, other: str = ""):
    show(text=text)

def run(name, pipeline=working, **options):
    return pytest.mark.kf_pipeline(pipeline, name=f"TAG-{name}", **options)
"""

DECLARED = (
    PIPELINES
    + """
@run("a")
def test_a(pipeline_run):
    assert pipeline_run.task("work").state == "SUCCEEDED"

@pytest.mark.slow
@run("b", arguments={"seconds": "1"})
def test_b(pipeline_run):
    assert pipeline_run.name.startswith("TAG-b-")

@pytest.mark.parametrize("one", ["x", "y"])
@run("c")
def test_c(pipeline_run, one):
    pass

@run("red")
def test_red(pipeline_run):
    assert pipeline_run.state == "FAILED"

@run("broken", arguments={"seconds": "no number"})
def test_broken(pipeline_run):
    pass

@run("expected", arguments={"seconds": "no number"}, expect="FAILED")
def test_expected(pipeline_run):
    assert pipeline_run.state == "FAILED"

@run("shared", share="module")
def test_first(pipeline_run):
    pass

@run("shared", share="module")
def test_second(pipeline_run):
    pass

@run("wrong", arguments={"secs": "1"})
def test_wrong(pipeline_run):
    pass

@pytest.mark.kf_pipeline
def test_none(pipeline_run):
    pass

@run("unmade", showing, arguments={"text": SeededVolume(size="much")})
def test_unmade(pipeline_run):
    pass

@run("made", showing, arguments={"text": SeededVolume({"a": "b"}), "other": ScratchBucket()})
def test_made(pipeline_run):
    assert pipeline_run.volume("text").read_text("a") == "b"

def test_unmarked():
    pass
"""
)

OUTCOMES = {
    "test_a": "PASSED",
    "test_b": "PASSED",
    "test_c[x]": "PASSED",
    "test_c[y]": "PASSED",
    "test_red": "FAILED",
    "test_broken": "FAILED",
    "test_expected": "PASSED",
    "test_first": "PASSED",
    "test_second": "PASSED",
    "test_wrong": "ERROR",
    "test_none": "ERROR",
    "test_unmade": "ERROR",
    "test_made": "PASSED",
    "test_unmarked": "PASSED",
}
"""Of the tests above, however they are scheduled."""

SUBMITTED = ["a", "b", "broken", "c", "c", "expected", "made", "red", "shared"]

LONG = (
    PIPELINES
    + """
import pathlib

@pytest.mark.parametrize("number", range(4))
@run("long", arguments={"seconds": "300"})
def test_long(pipeline_run, number):
    pass

@run("seeded", showing, arguments={"text": SeededVolume({"a": "b"}), "other": ScratchBucket()})
def test_seeded(pipeline_run):
    pass
"""
)


@dataclass
class Sessions:
    """Sessions in one folder, whose runs are known by a tag of their own."""

    remote: Remote
    folder: Path
    tag: str

    @classmethod
    def of(cls, remote: Remote, folder: Path, source: str) -> Sessions:
        """With a test file of this source."""
        tag = uuid.uuid4().hex[:6]
        (folder / "test_it.py").write_text(source.replace("TAG", tag))
        (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow: takes a second\n")
        return cls(remote, folder, tag)

    def run(self, *arguments: str) -> tuple[dict[str, str], str]:
        """A whole session, whose runs stay: outcomes by test, and the output."""
        _, output = self.remote.run(
            self.folder,
            "-rA",
            "-q",
            f"--kf-namespace={NAMESPACE}",
            "--kf-keep=always",
            *arguments,
            seconds=120,
        )
        found = re.findall(r"(?m)^(PASSED|FAILED|ERROR) test_it\.py::(\S+)", output)
        return {test: outcome for outcome, test in found}, output

    def submitted(self) -> list[str]:
        """Names of the runs that were submitted until now, without what makes them unique."""
        return sorted(self.order())

    def order(self) -> list[str]:
        """The same in the order in which they were."""
        return [name for name, _ in reversed(self._runs())]

    def states(self) -> list[str]:
        """Their states."""
        return [state for _, state in self._runs()]

    def _runs(self) -> list[tuple[str, str]]:
        listed: list[dict[str, Any]] = self.remote.api(
            "GET", f"runs?namespace={NAMESPACE}&page_size=200&sort_by=created_at%20desc"
        ).get("runs", [])
        matches = ((re.match(rf"{self.tag}-(\w+)-", one["display_name"]), one) for one in listed)
        return [(match[1], one.get("state", "")) for match, one in matches if match]
