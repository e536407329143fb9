"""What is told of runs while one waits: lines in a log, a block drawn anew on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_kubeflow.errors import PermissionDenied
from pytest_kubeflow.pipelines.runs.view import RunView, TaskDetail
from pytest_kubeflow.scheduling.progress import HEARTBEAT, QUIET, Progress
from tests.cluster.remote import NAMESPACE, Remote


@dataclass
class Paper:
    """A Screen that keeps what it gets."""

    is_live: bool = False
    lines: list[str] = field(default_factory=list)
    block: list[str] = field(default_factory=list)
    draws: int = 0

    def line(self, text: str) -> None:
        self.lines.append(text)

    def draw(self, lines: Sequence[str]) -> None:
        self.block = list(lines)
        self.draws += 1


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(state: str, *tasks: tuple[str, str], name: str = "sort") -> RunView:
    return RunView(name, name, state, details=tuple(TaskDetail(*one) for one in tasks))


def test_short_waits_are_not_told_of() -> None:
    paper, clock = Paper(), Clock()
    progress = Progress(paper, clock=clock)
    progress.on_update([run("RUNNING")])
    clock.now += QUIET - 0.1
    progress.on_update([run("RUNNING", ("a", "RUNNING"))])
    progress.on_done()
    clock.now += 0.2  # another wait
    progress.on_update([run("RUNNING", ("a", "RUNNING"))])
    assert paper.lines == []


def test_a_line_a_change_and_a_heartbeat() -> None:
    paper, clock = Paper(), Clock()
    progress = Progress(paper, clock=clock, immediate=True)
    progress.on_update([run("PENDING")])
    progress.on_update([run("PENDING")])
    clock.now += 2
    progress.on_update([run("RUNNING", ("root", "RUNNING"), ("sort", "RUNNING"))])
    clock.now += HEARTBEAT - 1
    progress.on_update([run("RUNNING", ("root", "RUNNING"), ("sort", "RUNNING"))])
    clock.now += 2
    progress.on_update([run("RUNNING", ("root", "RUNNING"), ("sort", "RUNNING"))])
    clock.now += 2
    progress.on_update([run("RUNNING", ("root", "RUNNING"), ("sort", "RUNNING"))])
    assert paper.lines == [
        "kubeflow: sort pending (0 s)",
        "kubeflow: sort running: sort running (2 s)",
        "kubeflow: still sort running: sort running (33 s)",
    ]
    assert paper.draws == 0


def test_a_block_on_a_terminal() -> None:
    paper, clock = Paper(is_live=True), Clock()
    progress = Progress(paper, clock=clock)
    many = [run("RUNNING", name=f"run-{number}") for number in range(13)]
    progress.on_update(many)
    assert paper.block == []
    clock.now += QUIET
    progress.on_update(many)
    assert len(paper.block) == 11
    assert paper.block[0] == "run-0 running (3 s)"
    assert paper.block[-1] == "and 3 more"
    progress.on_done()
    assert paper.block == []
    assert paper.lines == []


def test_what_pods_wait_for_and_for_how_long() -> None:
    paper, clock = Paper(is_live=True), Clock()
    asked = 0

    def waiting() -> Mapping[str, str]:
        nonlocal asked
        asked += 1
        return {"sort": "waiting for a node: 0/3 nodes are available"}

    progress = Progress(paper, clock=clock, waiting_pods=waiting, immediate=True)
    for _ in range(10):
        progress.on_update([run("RUNNING")])
        clock.now += 1
    assert asked <= 4, "pods are not asked for at each look"
    assert paper.block == [
        "sort running; waiting for a node: 0/3 nodes are available (9 s, of which 9 s waiting)"
    ]


def test_pods_that_cannot_be_listed_are_left_out() -> None:
    def refused() -> Mapping[str, str]:
        raise PermissionDenied("cannot list pods")

    paper = Paper()
    Progress(paper, waiting_pods=refused, immediate=True, clock=Clock()).on_update([run("RUNNING")])
    assert paper.lines == ["kubeflow: sort running (0 s)"]


TEST = """
import pytest
from kfp import dsl

@dsl.container_component
def nap(seconds: int):
    return dsl.ContainerSpec(image="busybox", command=["sh", "-c", 'sleep "$0"'], args=[seconds])

@dsl.pipeline(name="naps")
def naps(seconds: int):
    nap(seconds=seconds)

@pytest.mark.kf_pipeline(naps, arguments={"seconds": 1})
def test_nap(pipeline_run, capfd):
    out, err = capfd.readouterr()
    assert "naps" not in out + err
    assert 0
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-v"], True),
        ([], False),
        (["-q"], False),
        (["-v", "--kf-quiet"], False),
        (["-v", "-s"], True),
        (["-v", "-n1"], True),
    ],
    ids=["verbose", "usual", "quiet", "ours quiet", "uncaptured", "worker"],
)
def test_in_a_session(remote: Remote, tmp_path: Path, options: list[str], *, message: bool) -> None:
    (tmp_path / "test_nap.py").write_text(TEST)
    code, output = remote.run(tmp_path, f"--kf-namespace={NAMESPACE}", *options)
    assert code == 1, output
    before, _, report = output.partition("= FAILURES =")
    assert ("kubeflow: naps-" in before) == message, output
    assert ("[gw0] kubeflow: naps-" in before) == ("-n1" in options)
    assert ("kubeflow: http" in before) != ("--kf-quiet" in options)
    assert "kubeflow: naps-" not in report, "it was captured"
    assert "Run details" not in output
