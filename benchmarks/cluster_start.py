"""How long the embedded cluster takes to answer, and to be gone again.

`python -m benchmarks.cluster_start [ROUNDS]`
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import requests
import urllib3

from pytest_kubeflow.local.cluster import LocalKubeflow

_POLL_SECONDS = 0.02


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


def main() -> None:
    """Print the median of each stage, counted from the command."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    stages: dict[str, list[float]] = {}
    for _ in range(rounds):
        floor = bare_python()
        began = time.perf_counter()
        cluster = LocalKubeflow()
        endpoints = cluster.start()
        try:
            stages.setdefault("Kubernetes and KFP", []).append(time.perf_counter() - began)
            until_answering(endpoints.s3_endpoint)
            stages.setdefault("object store", []).append(time.perf_counter() - began)
            requests.get(endpoints.host, timeout=10)
            stopping = time.perf_counter()
        finally:
            cluster.stop()
        stages.setdefault("stopped, all gone", []).append(time.perf_counter() - stopping)
        stages.setdefault("bare python", []).append(floor)
    unit = statistics.median(stages["bare python"])
    for stage, values in stages.items():
        median = statistics.median(values)
        print(f"{stage:<20} {median:6.3f} s   {median / unit:6.1f} x bare python")


if __name__ == "__main__":
    main()
