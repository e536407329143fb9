"""The pythagorean pipeline on the embedded cluster, beside `kfp.local`.

`python -m benchmarks.pythagorean [ROUNDS]`: from submission to SUCCEEDED, default compiled YAML, as
the SDK's own client sees it. The first round is cold where this machine has not run it before.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import kfp
from kfp import compiler
from kubernetes import client, config

from pytest_kubeflow.local.cluster import LocalKubeflow
from suites.pipelines.pythagorean import pythagorean

_POLL_SECONDS = 0.02
_KFP_LOCAL = """
import sys, time
from kfp import local
from suites.pipelines.pythagorean import pythagorean
local.init(local.SubprocessRunner(use_venv={venv}), pipeline_root=sys.argv[1], raise_on_error=True)
began = time.perf_counter()
task = pythagorean(a=3.0, b=4.0)
assert task.output == 5.0, task.output
print("seconds", time.perf_counter() - began)
"""


def embedded(package: str, rounds: int) -> list[float]:
    """Seconds of each round on one embedded cluster."""
    with LocalKubeflow() as cluster:
        where = cluster.endpoints
        core = client.CoreV1Api(config.new_client_from_config(str(where.kubeconfig)))
        request = {"spec": {"expirationSeconds": 3600}}
        token = core.create_namespaced_service_account_token(
            "default-editor", where.namespace, request
        ).status.token
        pipelines = kfp.Client(
            f"{where.host}/pipeline", existing_token=token, namespace=where.namespace
        )
        experiment = pipelines.create_experiment("benchmark", namespace=where.namespace)
        return [_run(pipelines, experiment.experiment_id, package) for _ in range(rounds)]


def _run(pipelines: kfp.Client, experiment: str, package: str) -> float:
    began = time.perf_counter()
    run = pipelines.run_pipeline(
        experiment, "pythagorean", package, params={"a": 3.0, "b": 4.0}, enable_caching=False
    )
    while (state := pipelines.get_run(run.run_id).state) not in {"SUCCEEDED", "FAILED"}:
        time.sleep(_POLL_SECONDS)
    if state != "SUCCEEDED":
        raise SystemExit(f"run {run.run_id} ended {state}")
    return time.perf_counter() - began


def kfp_local(directory: str, *, venv: bool) -> float:
    """Seconds of one run by the SDK's own SubprocessRunner."""
    command = [sys.executable, "-c", _KFP_LOCAL.format(venv=venv), directory]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout.rpartition("seconds ")[2])


def main() -> None:
    """Print medians and how many times longer the others take."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as directory:
        package = str(Path(directory) / "pythagorean.yaml")
        compiler.Compiler().compile(pythagorean, package)
        seconds = embedded(package, rounds + 1)
        without = kfp_local(directory, venv=False)
        within = kfp_local(directory, venv=True)
    warm = statistics.median(seconds[1:])
    print(f"embedded, first round     {seconds[0]:6.2f} s   {seconds[0] / warm:5.1f} x")
    print(f"embedded, warm, median    {warm:6.2f} s   {1:5.1f} x")
    print(f"kfp.local, use_venv=False {without:6.2f} s   {without / warm:5.1f} x")
    print(f"kfp.local, use_venv=True  {within:6.2f} s   {within / warm:5.1f} x")


if __name__ == "__main__":
    main()
