"""Declared runs, submitted first and watched once, beside what people do without that.

`python -m benchmarks.scheduling [PART...]`; parts: wall, requests, delay, plan.

All on one embedded cluster in one run, so that the ratios count, not the seconds. `wall`: twelve
pipelines of three seconds, by a script with a plain kfp.Client that submits and waits one after
another, by four workers of pytest-xdist that do the same, and declared. `requests` and `delay`:
the same runs are waited for by the SDK's own wait and by a RunWatcher. `plan`: a session that
declares a thousand runs.

Without `annotations` of the future: KFP needs the types themselves.
"""

import contextlib
import io
import json
import logging
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kfp
from kfp import compiler, dsl
from kubernetes import client, config

from pytest_kubeflow.auth.token import BearerToken
from pytest_kubeflow.config.model import GatewaySettings
from pytest_kubeflow.k8s.client import KubernetesClient
from pytest_kubeflow.k8s.ownership import Ownership
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.pipelines.client import RunView, make_kfp_client
from pytest_kubeflow.pipelines.experiment import Experiment
from pytest_kubeflow.pipelines.source import SessionRuns
from pytest_kubeflow.pipelines.watcher import RunWatcher
from pytest_kubeflow.redaction import Secret
from pytest_kubeflow.waiting import Deadline

_POLL = 0.1
_MINUTE = 60.0
_RUNS, _SECONDS = 12, "3"
_IN_FLIGHT, _DECLARED = 50, 1000

_PIPELINE = """
import os, pytest
from kfp import dsl

@dsl.container_component
def work(seconds: str):
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=[seconds])

@dsl.pipeline
def working(seconds: str):
    work(seconds=seconds)

COUNT, SECONDS = int(os.environ["COUNT"]), os.environ["SECONDS"]
"""
_DECLARING = (
    _PIPELINE
    + """
@pytest.mark.parametrize("number", range(COUNT))
@pytest.mark.kf_pipeline(working, arguments={"seconds": SECONDS}, timeout=3600)
def test_declared(pipeline_run, number):
    pass
"""
)
_PLAIN = (
    _PIPELINE
    + """
import kfp

@pytest.fixture(scope="session")
def client():
    return kfp.Client(os.environ["API"], existing_token=os.environ["TOKEN"],
                      namespace=os.environ["NAMESPACE"])

@pytest.mark.parametrize("number", range(COUNT))
def test_plain(client, number):
    run = client.create_run_from_pipeline_func(
        working, arguments={"seconds": SECONDS}, enable_caching=False,
        namespace=os.environ["NAMESPACE"], experiment_name="plain")
    assert client.wait_for_run_completion(run.run_id, 600).state == "SUCCEEDED"
"""
)
_STAMPS = """
import json, os, pathlib, time, pytest
stamps = {}

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_finish():
    began = time.perf_counter()
    yield
    stamps["plan"] = time.perf_counter() - began

@pytest.hookimpl(optionalhook=True)
def pytest_kubeflow_schedule(config, plan):
    stamps["began"] = time.time()

def pytest_runtest_logreport(report):
    stamps["ended"] = time.time()

def pytest_unconfigure(config):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    stamps["mib"] = next(int(one.split()[1]) for one in lines if one.startswith("VmHWM")) / 1024
    if not hasattr(config, "workerinput"):
        pathlib.Path("stamps.json").write_text(json.dumps(stamps))
"""


@dsl.container_component
def work(seconds: str) -> dsl.ContainerSpec:
    """A task of so many seconds."""
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=[seconds])


@dsl.pipeline(name="working")
def working(seconds: str) -> None:
    """One task."""
    work(seconds=seconds)


class Bench:
    """A cluster, a plain client of it, and watchers of one experiment's runs."""

    def __init__(self, cluster: LocalKubeflow, folder: Path) -> None:
        self.where = cluster.endpoints
        self._folder = folder
        self._package = str(folder / "working.yaml")
        compiler.Compiler().compile(working, self._package)
        core = client.CoreV1Api(config.new_client_from_config(str(self.where.kubeconfig)))
        request = {"spec": {"expirationSeconds": 7200}}
        self._token = core.create_namespaced_service_account_token(
            "default-editor", self.where.namespace, request
        ).status.token
        self._api = f"{self.where.host}/pipeline"
        self.plain = kfp.Client(
            self._api, existing_token=self._token, namespace=self.where.namespace
        )
        self._ours = make_kfp_client(
            self._api,
            credentials=BearerToken(Secret(self._token), origin="benchmark"),
            settings=GatewaySettings(self.where.host),
            namespace=self.where.namespace,
        )
        self._experiment = Experiment(self._ours, self.where.namespace, Ownership("benchmark"))

    def submit(self, seconds: str) -> RunView:
        """A run of one task of so many seconds."""
        with contextlib.redirect_stdout(io.StringIO()):  # kfp prints a line for each
            run = self._ours.run_pipeline(
                self._experiment.id,
                uuid.uuid4().hex,
                self._package,
                params={"seconds": seconds},
                enable_caching=False,
            )
        return RunView.of(run)

    def watcher(self, *, watch: bool) -> RunWatcher:
        """A watcher with or without Kubernetes."""
        kubernetes = KubernetesClient(self.where.kubeconfig) if watch else None
        return RunWatcher(
            SessionRuns(
                self._ours, self._experiment, kubernetes=kubernetes, namespace=self.where.namespace
            )
        )

    def counted(self, kfp_client: Any) -> list[str]:
        """A list that grows with each request of this client."""
        seen: list[str] = []
        rest = kfp_client._run_api.api_client.rest_client
        send = rest.request

        def request(method: str, url: str, **kwargs: Any) -> Any:
            seen.append(url)
            return send(method, url, **kwargs)

        rest.request = request
        return seen

    @property
    def requests(self) -> tuple[list[str], list[str]]:
        """Requests of the plain client and of ours, from now on."""
        return self.counted(self.plain), self.counted(self._ours)

    def clear(self, runs: list[RunView]) -> None:
        """End these."""
        for run in runs:
            self._ours.terminate_run(run.run_id)

    def session(
        self, source: str, *arguments: str, count: int, seconds: str
    ) -> subprocess.Popen[str]:
        """Begin a session of pytest whose tests are `source`."""
        (self._folder / "test_it.py").write_text(source)
        (self._folder / "conftest.py").write_text(_STAMPS)
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-q", *arguments],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "KF_PASSWORD": "12341234",
                "COUNT": str(count),
                "SECONDS": seconds,
                "API": self._api,
                "TOKEN": self._token,
                "NAMESPACE": self.where.namespace,
            },
        )

    @property
    def options(self) -> list[str]:
        """How pytest is told of the cluster."""
        where = self.where
        return [
            f"--kf-host={where.host}",
            f"--kf-username={where.username}",
            f"--kf-kubeconfig={where.kubeconfig}",
            f"--kf-s3-endpoint={where.s3_endpoint}",
            f"--kf-namespace={where.namespace}",
        ]

    def stamps(self, session: subprocess.Popen[str], code: int = 0) -> dict[str, float]:
        """What a session noted. Raises SystemExit unless it ended with `code`."""
        output, _ = session.communicate()
        if session.returncode != code:
            raise SystemExit(output)
        found: dict[str, float] = json.loads((self._folder / "stamps.json").read_text())
        return found


def wall(bench: Bench) -> None:
    """Twelve pipelines of three seconds."""
    began = time.time()
    for _ in range(_RUNS):
        with contextlib.redirect_stdout(io.StringIO()):
            run = bench.plain.create_run_from_pipeline_func(
                working,
                arguments={"seconds": _SECONDS},
                enable_caching=False,
                namespace=bench.where.namespace,
                experiment_name="plain",
            )
        bench.plain.wait_for_run_completion(run.run_id, 600)
    plain = time.time() - began
    began = time.time()
    bench.stamps(
        bench.session(_PLAIN, "-p", "no:kubeflow", "-n", "4", count=_RUNS, seconds=_SECONDS)
    )
    workers = time.time() - began
    began = time.time()
    stamps = bench.stamps(
        bench.session(
            _DECLARING,
            *bench.options,
            f"--kf-max-runs={_RUNS}",
            "--kf-keep=always",
            count=_RUNS,
            seconds=_SECONDS,
        )
    )
    whole = time.time() - began
    ours = stamps["ended"] - stamps["began"]
    listed = bench.plain.list_runs(
        namespace=bench.where.namespace, page_size=_RUNS, sort_by="created_at desc"
    ).runs
    longest = max((run.finished_at - run.created_at).total_seconds() for run in listed)
    print(f"{_RUNS} pipelines of {_SECONDS} s; the longest took {longest:.1f} s by the API")
    for label, took in (
        ("declared, submission to verdict", ours),
        ("declared, the whole process", whole),
        ("plain script, one after another", plain),
        ("plain tests, pytest -n 4, whole", workers),
    ):
        print(f"  {label:34} {took:6.1f} s   {took / longest:5.2f} x")


def side_by_side(work: Callable[[RunView], None], runs: list[RunView]) -> list[threading.Thread]:
    """A thread for each run."""
    threads = [threading.Thread(target=work, args=(run,), daemon=True) for run in runs]
    for thread in threads:
        thread.start()
    return threads


def requests(bench: Bench) -> None:
    """Fifty runs in flight for a minute."""
    runs = [bench.submit("300") for _ in range(_IN_FLIGHT)]
    counted: dict[str, tuple[int, float]] = {}
    for label, watch in (("RunWatcher, no Kubernetes", False), ("RunWatcher, Kubernetes", True)):
        watcher = bench.watcher(watch=watch)
        plain, ours = bench.requests
        began, cpu = time.monotonic(), time.process_time()
        for run in runs:
            watcher.follow(run)
        if not counted:
            side_by_side(lambda run: _sdk_wait(bench, run, _MINUTE), runs)
        time.sleep(_MINUTE)
        if not counted:
            counted["kfp.Client, every 5 s"] = len(plain), 0.0
        used = (time.process_time() - cpu) / (time.monotonic() - began)
        counted[label] = len(ours), used
        watcher.close()
    bench.clear(runs)
    most = counted["kfp.Client, every 5 s"][0]
    print(f"API requests while {_IN_FLIGHT} runs are in flight for {_MINUTE:.0f} s")
    for label, (number, _) in counted.items():
        print(f"  {label:34} {number:6}     {number / most:5.3f} x")
    used = counted["RunWatcher, Kubernetes"][1]
    print(f"  CPU of this process while only the last one waits: {used:.1%} of a core")


def _sdk_wait(bench: Bench, run: RunView, seconds: float) -> None:
    try:
        bench.plain.wait_for_run_completion(run.run_id, seconds)
    except TimeoutError:
        return


def delay(bench: Bench) -> None:
    """From the end of a run, as the API has it, to whoever waits."""
    delays: dict[str, list[float]] = {}
    watchers = {
        "RunWatcher, Kubernetes": bench.watcher(watch=True),
        "RunWatcher, no Kubernetes": bench.watcher(watch=False),
    }
    # None ends before all are waited for.
    runs = [bench.submit(f"{10 + 0.37 * number:.2f}") for number in range(24)]

    def ours(watcher: RunWatcher, label: str) -> Callable[[RunView], None]:
        def wait(run: RunView) -> None:
            view = watcher.wait(run, deadline=Deadline.after(120))
            assert view.ended is not None
            delays.setdefault(label, []).append(time.time() - view.ended)

        return wait

    def sdk(run: RunView) -> None:
        ended = bench.plain.wait_for_run_completion(run.run_id, 120).finished_at.timestamp()
        delays.setdefault("kfp.Client", []).append(time.time() - ended)

    threads = side_by_side(sdk, runs)
    for label, watcher in watchers.items():
        threads += side_by_side(ours(watcher, label), runs)
    for thread in threads:
        thread.join()
    for watcher in watchers.values():
        watcher.close()
    print(f"delay from a run's end to the waiter's going on, {len(runs)} runs")
    theirs = statistics.median(delays["kfp.Client"])
    for label, seen in delays.items():
        middle = statistics.median(seen)
        print(
            f"  {label:34} {middle:6.2f} s   {middle / theirs:5.2f} x   longest {max(seen):.2f} s"
        )


def _used(pid: int) -> float:
    """CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def plan(bench: Bench) -> None:
    """A thousand runs are declared, fifty are in flight."""
    bare = bench.stamps(
        bench.session(
            _DECLARING, "-p", "no:kubeflow", "--collect-only", count=_DECLARED, seconds="300"
        )
    )
    session = bench.session(
        _DECLARING,
        *bench.options,
        f"--kf-max-runs={_IN_FLIGHT}",
        count=_DECLARED,
        seconds="300",
    )
    while not _all_run(bench):
        if session.poll() is not None:
            raise SystemExit(session.communicate()[0])
        time.sleep(_POLL)
    used, began = _used(session.pid), time.monotonic()
    time.sleep(_MINUTE / 2)
    share = (_used(session.pid) - used) / (time.monotonic() - began)
    session.send_signal(signal.SIGINT)
    stamps = bench.stamps(session, code=2)
    print(f"{_DECLARED} runs declared, {_IN_FLIGHT} in flight")
    print(f"  plan, compiled and checked         {stamps['plan']:6.2f} s")
    print(f"  memory at most, above bare pytest  {stamps['mib'] - bare['mib']:6.0f} MiB")
    print(f"  CPU while waiting                  {share:6.1%} of a core")


def _all_run(bench: Bench) -> bool:
    listed = bench.plain.list_runs(
        namespace=bench.where.namespace, page_size=_IN_FLIGHT, sort_by="created_at desc"
    ).runs
    states = [run.state for run in listed or ()]
    return states.count("RUNNING") >= _IN_FLIGHT


PARTS = {"wall": wall, "requests": requests, "delay": delay, "plan": plan}


def main() -> None:
    """Print the figures."""
    chosen = sys.argv[1:] or [*PARTS]
    # Fifty threads of the plain client share its ten connections.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, LocalKubeflow() as cluster:
        bench = Bench(cluster, Path(folder))
        for part in chosen:
            PARTS[part](bench)


if __name__ == "__main__":
    main()
