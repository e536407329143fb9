"""Declared runs, submitted first and watched once, beside what people do without that.

`python -m benchmarks.scheduling [PART...]`; parts: wall, requests, delay, plan.

All on one embedded cluster in one run, so that the ratios count, not the seconds. `wall`: twelve
pipelines of three seconds, by a script with a plain kfp.Client that submits and waits one after
another, by four workers of pytest-xdist that do the same, and declared. `requests` and `delay`:
the same runs are waited for by the SDK's own wait and by a RunWatcher. `plan`: a session that
declares a thousand runs.
"""

from __future__ import annotations

import contextlib
import io
import logging
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.processor import processor_seconds
from benchmarks.submitting import DECLARING, PLAIN, Bench, working
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.pipelines.following.watcher import RunWatcher
from pytest_kubeflow.pipelines.runs.view import RunView
from pytest_kubeflow.waiting import Deadline

_POLL = 0.1
_MINUTE = 60.0
_RUNS, _SECONDS = 12, "3"
_IN_FLIGHT, _DECLARED = 50, 1000


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
        bench.session(PLAIN, "-p", "no:kubeflow", "-n", "4", count=_RUNS, seconds=_SECONDS)
    )
    workers = time.time() - began
    began = time.time()
    stamps = bench.stamps(
        bench.session(
            DECLARING,
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


def plan(bench: Bench) -> None:
    """A thousand runs are declared, fifty are in flight."""
    bare = bench.stamps(
        bench.session(
            DECLARING, "-p", "no:kubeflow", "--collect-only", count=_DECLARED, seconds="300"
        )
    )
    session = bench.session(
        DECLARING,
        *bench.options,
        f"--kf-max-runs={_IN_FLIGHT}",
        count=_DECLARED,
        seconds="300",
    )
    while not _all_run(bench):
        if session.poll() is not None:
            raise SystemExit(session.communicate()[0])
        time.sleep(_POLL)
    used, began = processor_seconds(session.pid), time.monotonic()
    time.sleep(_MINUTE / 2)
    share = (processor_seconds(session.pid) - used) / (time.monotonic() - began)
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
