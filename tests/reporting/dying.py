"""A session whose cluster stops answering in its middle, while ten tests have yet to fail."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.remote import NAMESPACE, Remote
from tests.scheduling.relay import Relay

TESTS = """
import os, pathlib, time
import pytest
from kfp import dsl

@dsl.container_component
def work():
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=["0"])

@dsl.pipeline
def working():
    work()

def after_the_end():
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    pathlib.Path(f"ready-{worker}").touch()
    before = f"seconds-gw{int(worker[2:]) - 1}"  # workers lose their time one after another
    while not pathlib.Path("ended" if worker == "gw0" else before).exists():
        time.sleep(0.01)

@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.kf_pipeline(working, share="module")
def test_ended(pipeline_run, number):
    after_the_end()
    assert number < 0

@pytest.mark.parametrize("number", range(COUNT))
def test_running(run_pipeline, running, number):
    after_the_end()
    run_pipeline.runs.append(running)
    assert number < 0

@pytest.fixture(scope="module", autouse=True)
def running(kf_cluster, _kf_runs, _kf_experiment, request):
    from pytest_kubeflow.fixtures.pipelines import make_runner
    return make_runner(kf_cluster, _kf_runs, _kf_experiment, request)(working, wait=False)
"""

CONFTEST = """
import os, pathlib, time
import pytest
spent = []

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport():
    began = time.monotonic()
    try:
        return (yield)
    finally:
        if pathlib.Path("ended").exists():
            spent.append(time.monotonic() - began)

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(nextitem):
    if nextitem is None:  # what the session removes at its end is another matter
        name = f"seconds-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}"
        pathlib.Path(f".{name}").write_text(str(sum(spent)))
        pathlib.Path(f".{name}").rename(name)
        while not pathlib.Path("mended").exists():
            time.sleep(0.01)
"""


@dataclass(frozen=True)
class Died:
    """`connections` were made after the end, in `seconds` of putting reports together.

    Of several workers those of all of them.
    """

    code: int
    output: str
    seconds: float
    connections: int


def dying(
    remote: Remote, folder: Path, how: str, *arguments: str, count: int = 5, workers: int = 1
) -> Died:
    """Run the session; its gateway and Kubernetes API are `cut` or `stall` when asked for it."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_dying.py").write_text(TESTS.replace("COUNT", str(count)))
    where = remote.endpoints
    text = Path(where.kubeconfig).read_text()
    (server,) = set(re.findall(r"https?://[\d.]+:\d+", text))
    with Relay(where.host) as gateway, Relay(server) as api:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(text.replace(server, api.url))
        options = [
            f"--kf-host={gateway.url}",
            f"--kf-username={where.username}",
            f"--kf-kubeconfig={kubeconfig}",
            f"--kf-namespace={NAMESPACE}",
            "--kf-keep=always",
        ]
        several = ("-n", str(workers)) if workers > 1 else ()
        session = remote.begin(folder, *options, *several, *arguments)
        while len([*folder.glob("ready-*")]) < workers and session.poll() is None:
            time.sleep(0.02)
        for relay in (gateway, api):
            getattr(relay, how)()
        before = gateway.accepted + api.accepted
        (folder / "ended").touch()
        while len([*folder.glob("seconds-*")]) < workers and session.poll() is None:
            time.sleep(0.02)
        connections = gateway.accepted + api.accepted - before
        for relay in (gateway, api):
            relay.mend()
        (folder / "mended").touch()
        output, _ = session.communicate()
    measured = [float(one.read_text()) for one in folder.glob("seconds-*")]
    seconds = sum(measured) if len(measured) == workers else float("nan")
    return Died(session.returncode, output, seconds, connections)
