"""What training on the embedded cluster costs: from the TrainJob to sums that all nodes have.

`python -m benchmarks.training [NODES]`: on a warm embedded cluster, an all-reduce of two nodes
(bound: 2.5 s, the median of five), beside a plain indexed Job of two pods that do nothing; then one
of 16 (or NODES) nodes at once, which has to end well however few processors there are. Exit code 1
if a bound is missed, or if a node has another sum than it should.
"""

from __future__ import annotations

import statistics
import sys
import time
from typing import Any

from kubernetes import client, config, watch

from benchmarks.ended_jobs import ended_jobs
from benchmarks.processor import processor_seconds
from pytest_kubeflow.local.cluster import LocalKubeflow
from pytest_kubeflow.training.program import function_program, python_command, result_in
from suites.training import programs, ring
from suites.training.ring import share_of

_GROUP, _VERSION = "trainer.kubeflow.org", "v1alpha1"
_BOUND = 2.5
_ROUNDS = 5
_IMAGE = "python:3.11-slim"


def train_job(name: str, nodes: int) -> dict[str, Any]:
    """An all-reduce over so many nodes."""
    program = function_program(programs.all_reduce, {"token": name, "seed": 0}, helpers=(ring,))
    return {
        "apiVersion": f"{_GROUP}/{_VERSION}",
        "kind": "TrainJob",
        "metadata": {"name": name},
        "spec": {
            "runtimeRef": {"name": "torch-distributed"},
            "trainer": {
                "image": _IMAGE,
                "command": python_command(program),
                "numNodes": nodes,
                "resourcesPerNode": {"requests": {"cpu": "10m"}},
            },
        },
    }


class Measured:
    """A namespace of a cluster in which things are timed."""

    def __init__(self, kubeconfig: str, namespace: str) -> None:
        self._api = config.new_client_from_config(kubeconfig)
        self._custom = client.CustomObjectsApi(self._api)
        self._batch = client.BatchV1Api(self._api)
        self._core = client.CoreV1Api(self._api)
        self._namespace = namespace

    def all_reduce(self, name: str, nodes: int) -> float:
        """Seconds from the request to the condition Complete."""
        began = time.perf_counter()
        self._custom.create_namespaced_custom_object(
            _GROUP, _VERSION, self._namespace, "trainjobs", train_job(name, nodes)
        )
        stream = watch.Watch().stream(
            self._custom.list_namespaced_custom_object,
            *(_GROUP, _VERSION, self._namespace, "trainjobs"),
            field_selector=f"metadata.name={name}",
            timeout_seconds=300,
        )
        ended = ""
        for event in stream:
            conditions = (event["object"].get("status") or {}).get("conditions") or []
            ended = next((one["type"] for one in conditions if one["status"] == "True"), "")
            if ended:
                break
        took = time.perf_counter() - began
        assert ended == "Complete", f"{name} is {ended or 'not over'}"
        self._check(name, nodes)
        return took

    def _check(self, name: str, nodes: int) -> None:
        pods = self._core.list_namespaced_pod(
            self._namespace, label_selector=f"jobset.sigs.k8s.io/jobset-name={name}"
        ).items
        found = [
            result_in(
                self._core.read_namespaced_pod_log(
                    pod.metadata.name, self._namespace, _preload_content=False
                ).data.decode()
            )
            for pod in pods
        ]
        sums = [sum(column) for column in zip(*(share_of(r, 0) for r in range(nodes)), strict=True)]
        assert sorted(one["rank"] for one in found) == list(range(nodes)), found
        assert all(one["sum"] == sums for one in found), found

    def job(self, name: str, pods: int) -> float:
        """Seconds for an indexed Job of so many pods that do nothing."""
        container = {"name": "main", "image": _IMAGE, "command": ["python3", "-c", ""]}
        spec = {
            "completions": pods,
            "parallelism": pods,
            "completionMode": "Indexed",
            "template": {"spec": {"restartPolicy": "Never", "containers": [container]}},
        }
        began = time.perf_counter()
        self._batch.create_namespaced_job(
            self._namespace, {"metadata": {"name": name}, "spec": spec}
        )
        next(ended_jobs(self._batch, self._namespace, field_selector=f"metadata.name={name}"))
        return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 16
    with LocalKubeflow() as running:
        endpoints = running.endpoints
        assert running.pid is not None
        measured = Measured(str(endpoints.kubeconfig), endpoints.namespace)
        measured.all_reduce("first", 2)
        jobs = [measured.job(f"plain-{number}", 2) for number in range(_ROUNDS)]
        began = processor_seconds(running.pid)
        pairs = [measured.all_reduce(f"pair-{number}", 2) for number in range(_ROUNDS)]
        server = (processor_seconds(running.pid) - began) / _ROUNDS
        whole = measured.all_reduce("many", many)
    plain, warm = statistics.median(jobs), statistics.median(pairs)
    print(f"a Job of 2 pods          {plain:6.2f} s")
    print(f"an all-reduce of 2       {warm:6.2f} s (bound: {_BOUND:g} s)")
    print(f"of which the server      {server:6.2f} s of processor time")
    print(f"the slowest of {_ROUNDS}         {max(pairs):6.2f} s")
    print(f"an all-reduce of {many:<8d}{whole:6.2f} s")
    sys.exit(0 if warm <= _BOUND else 1)


if __name__ == "__main__":
    main()
