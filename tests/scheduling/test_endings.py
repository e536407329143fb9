"""Sessions that end early, and clusters that are away for a while: nothing is left behind."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.remote import COMMAND, NAMESPACE, Remote, serving, wait_until
from tests.plugin.test_interruption import interrupt
from tests.scheduling.relay import Relay
from tests.scheduling.sessions import LONG, PIPELINES, Sessions

OVER = (
    PIPELINES
    + """
@run("quick")
def test_quick(pipeline_run):
    pass

@pytest.mark.parametrize("number", range(4))
@run("long", arguments={"seconds": "300"})
def test_long(pipeline_run, number):
    pass

def test_by_hand(run_pipeline):
    run_pipeline(working, arguments={"seconds": "300"})

def test_without_a_cluster():
    pass
"""
)


def test_the_end_of_the_sessions_time(remote: Remote, tmp_path: Path) -> None:
    """Three runs are in flight then, and one was not submitted at all."""
    before = remote.things()
    sessions = Sessions.of(remote, tmp_path, OVER)
    code, output = remote.run(
        tmp_path,
        "--kf-session-timeout=18s",
        "--kf-max-runs=3",
        f"--kf-namespace={NAMESPACE}",
        seconds=90,
    )
    assert code == 1, output
    assert "timed out after 18 s of the session waiting for run" in output
    assert "not run: the session's time is over (--kf-session-timeout=18.0" in output
    assert "1 failed, 2 passed" in output
    assert "4 errors" in output
    remote.wait_until_as(before)
    assert sessions.submitted() == []


def test_it_bounds_what_is_run_by_hand(remote: Remote, tmp_path: Path) -> None:
    before = remote.things()
    Sessions.of(remote, tmp_path, OVER)
    code, output = remote.run(tmp_path, "--kf-session-timeout=12s", "-k", "by_hand", seconds=60)
    assert code == 1, output
    assert "timed out after 12 s of the session waiting for run working-" in output
    remote.wait_until_as(before)


MOMENTS = {
    "first-run": 1,
    "some-runs": 3,
    "all-runs": 5,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_removes_everything(remote: Remote, tmp_path: Path, moment: str) -> None:
    before = remote.things()
    sessions = Sessions.of(remote, tmp_path, LONG)
    session = remote.start(tmp_path, f"--kf-namespace={NAMESPACE}")
    wait_until(lambda: len(sessions.submitted()) >= MOMENTS[moment], 40)
    output = interrupt(session, signal.SIGINT)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "left behind" not in output
    remote.wait_until_as(before)


def test_ctrl_c_before_anything_is_submitted(remote: Remote, tmp_path: Path) -> None:
    before = remote.things()
    Sessions.of(remote, tmp_path, LONG)
    (tmp_path / "conftest.py").write_text(
        "import pathlib\n"
        "def pytest_kubeflow_schedule(config, plan):\n"
        "    pathlib.Path('ready').touch()\n"
    )
    session = remote.start(tmp_path, f"--kf-namespace={NAMESPACE}")
    wait_until((tmp_path / "ready").exists, 40)
    output = interrupt(session, signal.SIGINT)
    assert session.returncode == pytest.ExitCode.INTERRUPTED, output
    remote.wait_until_as(before)


@pytest.fixture(scope="module")
def standalone() -> Iterator[Remote]:
    with serving(multi_user=False) as cluster:
        yield cluster


OUTAGE = (
    PIPELINES
    + """
@pytest.mark.parametrize("number", range(3))
@run("through", arguments={"seconds": "3"})
def test_through(pipeline_run, number):
    assert pipeline_run.task("work").state == "SUCCEEDED"
"""
)


@pytest.mark.parametrize("access", ["kubernetes", "pipelines-alone"])
def test_a_server_that_is_away_for_some_seconds(
    standalone: Remote, tmp_path: Path, access: str
) -> None:
    Sessions.of(standalone, tmp_path, OUTAGE)
    where = standalone.endpoints
    more = {
        "kubernetes": f"--kf-kubeconfig={where.kubeconfig}",
        "pipelines-alone": "--kf-namespace=kubeflow",
    }
    wait_until(lambda: not pods(standalone, "Succeeded", 1))
    with Relay(where.host) as relay:
        session = subprocess.Popen(
            [*COMMAND, f"--kf-host={relay.url}", "--kf-auth=anonymous", more[access]],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            wait_until(lambda: pods(standalone, "Running", 3) or session.poll() is not None, 60)
            relay.cut()
            # All end while nothing can be asked.
            wait_until(lambda: pods(standalone, "Succeeded", 3), 60)
            assert session.poll() is None
            relay.mend()
            output, _ = session.communicate(timeout=60)
        finally:
            session.kill()
    assert session.returncode == 0, output
    assert "3 passed" in output


def pods(cluster: Remote, phase: str, count: int) -> bool:
    """Whether so many of the runs' pods are in this phase, of the newest."""
    listed = cluster.core.list_namespaced_pod("kubeflow", label_selector="pipeline/runid").items
    return len([one for one in listed if one.status.phase == phase]) >= count
