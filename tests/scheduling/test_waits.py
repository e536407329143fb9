"""Progress of other waits than those for runs, and of the workers of pytest-xdist."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kubeflow.scheduling.progress import HEARTBEAT, QUIET
from pytest_kubeflow.scheduling.waits import Waits
from pytest_kubeflow.scheduling.workers import WorkerLines, WorkerScreen
from tests.cluster.remote import NAMESPACE, Remote, wait_until

from .test_progress import Clock, Paper

IRIS = "InferenceService team/iris"


def test_a_line_a_change_and_a_heartbeat() -> None:
    paper, clock = Paper(), Clock()
    waits = Waits(paper, clock=clock)
    waits(IRIS, "no pods yet")
    assert paper.lines == []
    clock.now += QUIET
    waits(IRIS, "no pods yet")
    clock.now += 1
    waits(IRIS, "no pods yet")
    waits(IRIS, "loading")
    clock.now += HEARTBEAT
    waits(IRIS, "loading")
    waits(IRIS, None)
    waits(IRIS, "loading")  # another wait begins quietly
    assert paper.lines == [
        f"kubeflow: {IRIS}: no pods yet (3 s)",
        f"kubeflow: {IRIS}: loading (4 s)",
        f"kubeflow: still {IRIS}: loading (34 s)",
    ]


def test_a_block_on_a_terminal() -> None:
    paper, clock = Paper(is_live=True), Clock()
    waits = Waits(paper, immediate=True, clock=clock)
    waits(IRIS, "loading")
    assert paper.block == [f"{IRIS}: loading (0 s)"]
    waits(IRIS, None)
    assert paper.block == []
    assert paper.lines == []


def test_lines_of_workers_are_shown_once_each() -> None:
    shown: list[str] = []
    lines = WorkerLines(shown.append)
    path = lines.path_for("gw1")
    redact: Callable[[str], str] = lambda text: text.replace("secret", "***")  # noqa: E731
    screen = WorkerScreen(path, redact)
    screen.line("kubeflow: a secret\nin two lines")
    wait_until(lambda: shown)
    screen.line("kubeflow: last")
    screen.draw(["never"])
    lines.stop()
    assert shown == ["[gw1] kubeflow: a *** in two lines", "[gw1] kubeflow: last"]
    assert not path.parent.exists()


def test_half_a_line_waits_for_its_end() -> None:
    shown: list[str] = []
    lines = WorkerLines(shown.append)
    path: Path = lines.path_for("gw0")
    with path.open("wb", buffering=0) as file:
        file.write("fünf ".encode()[:2])
        lines._look()
        file.write("fünf".encode()[2:] + b"\nsechs")
    lines.stop()
    assert shown == ["[gw0] fünf"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_kubeflow.scheduling.workers._INTERVAL", 0.01)


TEST = """
def test_it(inference_service, minio_bucket):
    inference_service(f"s3://{minio_bucket.path}/nothing").wait_ready()
"""


@pytest.mark.parametrize(
    ("options", "message"),
    [(["-v"], "kubeflow: InferenceService "), (["-v", "--kf-quiet"], ""), (["-v", "-n1"], "[gw0]")],
    ids=["verbose", "ours quiet", "worker"],
)
def test_in_a_session(remote: Remote, tmp_path: Path, options: list[str], message: str) -> None:
    """A service whose model is not there: how it stands is told while it is waited for."""
    (tmp_path / "test_service.py").write_text(TEST)
    code, output = remote.run(tmp_path, f"--kf-namespace={NAMESPACE}", *options)
    assert code == 1, output
    before, _, report = output.partition("= FAILURES =")
    lines = [line for line in before.splitlines() if f"InferenceService {NAMESPACE}/" in line]
    assert bool(lines) == bool(message), output
    assert all(message in line for line in lines)
    assert all("PredictorReady=" in line for line in lines[-1:])
    assert "kubeflow: InferenceService" not in report, "it was captured"
