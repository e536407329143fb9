"""How long the embedded cluster takes to answer, and to be gone again.

`python -m benchmarks.cluster_start [ROUNDS]`

By turns with networks of pods' own and with the machine's: the last line is what the former cost.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections import defaultdict

import requests
import urllib3

from benchmarks.processor import processor_seconds
from pytest_kubeflow.local.cluster import LocalKubeflow

_POLL_SECONDS = 0.02
_STARTED = "Kubernetes and KFP"
_PROCESSOR = "  its processor time"
_ALLOWED = 1.15
_SHARED, _OWN = "shared", "auto"


def bare_python() -> float:
    """The floor: a Python process that imports nothing."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began


def until_answering(url: str) -> None:
    """Ask until there is an answer of any kind."""
    pool = urllib3.PoolManager(retries=False)
    while True:
        try:
            pool.request("GET", url)
        except urllib3.exceptions.HTTPError:
            time.sleep(_POLL_SECONDS)
        else:
            return


def started(pod_network: str) -> dict[str, float]:
    """Seconds of each stage of one cluster."""
    stages = {}
    began = time.perf_counter()
    cluster = LocalKubeflow(pod_network=pod_network)
    endpoints = cluster.start()
    try:
        stages[_STARTED] = time.perf_counter() - began
        assert cluster.pid is not None
        stages[_PROCESSOR] = processor_seconds(cluster.pid)
        until_answering(endpoints.s3_endpoint)
        stages["object store"] = time.perf_counter() - began
        requests.get(endpoints.host, timeout=10)
        stopping = time.perf_counter()
    finally:
        cluster.stop()
    stages["stopped, all gone"] = time.perf_counter() - stopping
    return stages


def main() -> int:
    """Print the median of each stage, counted from the command."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    floor = []
    taken: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(rounds):
        floor.append(bare_python())
        for network in (_SHARED, _OWN):
            for stage, seconds in started(network).items():
                taken[network, stage].append(seconds)
    unit = statistics.median(floor)
    print(f"bare python {unit:.3f} s")
    for (network, stage), values in taken.items():
        median = statistics.median(values)
        print(f"{network:<7} {stage:<20} {median:6.3f} s   {median / unit:6.1f} x bare python")
    # Of what was measured side by side: what else the machine does weighs on both.
    ratios = {}
    for stage in (_STARTED, _PROCESSOR):
        by_turns = zip(taken[_OWN, stage], taken[_SHARED, stage], strict=True)
        ratios[stage] = statistics.median(own / shared for own, shared in by_turns)
    print(
        f"started with own networks: {ratios[_STARTED]:.2f} x shared "
        f"({ratios[_PROCESSOR]:.2f} x in processor time); allowed are {_ALLOWED:g}"
    )
    return 0 if ratios[_STARTED] <= _ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
