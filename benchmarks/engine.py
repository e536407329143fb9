"""What the embedded KFP itself costs: tasks side by side, many runs, one task after another.

`python -m benchmarks.engine [RUNS]`

All in one run on one cluster, as ratios: tasks of a second side by side against one such task; a
chain of tasks, and many runs at once, against as many of their pods that nobody drives, and against
as many of their processes (launcher and component) in one pod. Then the server's memory for each
run, once as many have warmed it up.

Without `annotations` of the future: KFP needs the types themselves.
"""

import json
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from google.protobuf import json_format
from kfp import dsl
from kubernetes import client, config

from pytest_kubeflow.local.cluster import LocalKubeflow

_POLL_SECONDS = 0.01
_FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELED"})
_CHAIN = 15


@dsl.container_component
def work(seconds: str) -> dsl.ContainerSpec:
    """A task of so many seconds."""
    return dsl.ContainerSpec(image="busybox", command=["sleep"], args=[seconds])


@dsl.pipeline(name="one")
def one(seconds: str) -> None:
    """One task."""
    work(seconds=seconds)


@dsl.pipeline(name="four")
def four(seconds: str) -> None:
    """Four that do not depend on each other."""
    for _ in range(4):
        work(seconds=seconds)


@dsl.pipeline(name="eight")
def eight(seconds: str) -> None:
    """A loop of eight iterations."""
    with dsl.ParallelFor(list("abcdefgh")):
        work(seconds=seconds)


@dsl.pipeline(name="chain")
def chain(seconds: str) -> None:
    """One task after another."""
    before = work(seconds=seconds)
    for _ in range(_CHAIN - 1):
        before = work(seconds=seconds).after(before)


class Bench:
    """A cluster, asked by plain HTTP: an SDK would cost as much as what is measured."""

    def __init__(self, cluster: LocalKubeflow) -> None:
        where = cluster.endpoints
        self._namespace = where.namespace
        self._core = client.CoreV1Api(config.new_client_from_config(str(where.kubeconfig)))
        request = {"spec": {"expirationSeconds": 3600}}
        token = self._core.create_namespaced_service_account_token(
            "default-editor", self._namespace, request
        ).status.token
        self._http = requests.Session()
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._api = f"{where.host}/pipeline/apis/v2beta1"
        made = self._call("POST", "experiments", display_name="e", namespace=self._namespace)
        self._experiment = made["experiment_id"]

    def start(self, pipeline: Any, seconds: str) -> str:
        """Submit a run that does not use the cache; its id."""
        spec = json_format.MessageToDict(pipeline.pipeline_spec)
        for component in [spec["root"], *spec["components"].values()]:
            for task in component.get("dag", {}).get("tasks", {}).values():
                task.pop("cachingOptions", None)
        run = self._call(
            "POST",
            "runs",
            display_name=uuid.uuid4().hex,
            experiment_id=self._experiment,
            pipeline_spec=spec,
            runtime_config={"parameters": {"seconds": seconds}},
        )
        return str(run["run_id"])

    def finish(self, run_ids: list[str]) -> None:
        """Wait until all have ended. Raises SystemExit unless all have succeeded."""
        for run_id in run_ids:
            while (state := self._call("GET", f"runs/{run_id}")["state"]) not in _FINAL:
                time.sleep(_POLL_SECONDS)
            if state != "SUCCEEDED":
                raise SystemExit(f"run {run_id} ended {state}")

    def learn(self, run_id: str) -> None:
        """Take the pod of a run as what the driver makes for a task."""
        # Raw, as the client's models drop what they are too old for: image volumes, for one.
        answer = self._core.list_namespaced_pod(
            self._namespace, label_selector=f"pipeline/runid={run_id}", _preload_content=False
        )
        (pod,) = json.loads(answer.data)["items"]
        kept = ("containers", "volumes", "serviceAccountName")
        self._pod = {key: pod["spec"][key] for key in kept}

    def pods(self, count: int, *, side_by_side: bool) -> None:
        """Run pods like a task's, launcher included, of which no run knows.

        Nobody takes what their launcher reports, so that they fail at their very end.
        """
        names: list[str] = []
        for number in range(count):
            names.append(f"bare-{uuid.uuid4().hex}")
            spec = self._pod | {"restartPolicy": "Never"}
            body = {"metadata": {"name": names[-1]}, "spec": spec}
            self._core.create_namespaced_pod(self._namespace, body)
            if not side_by_side or number == count - 1:
                self._ended(names)
                names = []

    def processes(self, count: int, *, side_by_side: bool) -> float:
        """Run processes like a task's in one pod; how long they take, as the pod tells it."""
        between = "&" if side_by_side else ";"
        script = (
            "began=$(date +%s%N); "
            f'for i in $(seq {count}); do "$@" >/dev/null 2>&1 {between} done; '
            "wait; echo $(($(date +%s%N) - began))"
        )
        (container,) = self._pod["containers"]
        again = {**container, "command": ["sh", "-c", script, "sh", *container["command"]]}
        name = f"processes-{uuid.uuid4().hex}"
        spec = self._pod | {"restartPolicy": "Never", "containers": [again]}
        self._core.create_namespaced_pod(
            self._namespace, {"metadata": {"name": name}, "spec": spec}
        )
        self._ended([name], exit_code=0)
        return int(self._core.read_namespaced_pod_log(name, self._namespace)) / 1e9

    def _ended(self, names: list[str], exit_code: int = 1) -> None:
        """Wait for pods. Raises SystemExit for one that ended in another way, or never ran."""
        for name in names:
            while not (states := self._states(name)):
                time.sleep(_POLL_SECONDS)
            if states[0].exit_code != exit_code:
                raise SystemExit(
                    f"pod {name} ended with {states[0].exit_code}: {states[0].message}"
                )

    def _states(self, name: str) -> list[Any]:
        """How the container of a pod has ended; empty while it has not."""
        pod = self._core.read_namespaced_pod(name, self._namespace)
        found = pod.status.container_statuses or []
        return [one.state.terminated for one in found if one.state.terminated]

    def _call(self, verb: str, path: str, **body: Any) -> Any:
        answer = self._http.request(verb, f"{self._api}/{path}", json=body or None, timeout=60)
        answer.raise_for_status()
        return answer.json()


def seconds_of(work: Callable[[], None]) -> float:
    """How long `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def memory(pid: int) -> float:
    """Resident MiB of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (one for one in lines if one.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Print the figures."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with LocalKubeflow() as cluster:
        bench = Bench(cluster)
        assert cluster.pid is not None

        def run(pipeline: Any, seconds: str, count: int = 1) -> float:
            return seconds_of(
                lambda: bench.finish([bench.start(pipeline, seconds) for _ in range(count)])
            )

        bench.finish([warm := bench.start(one, "0")])
        bench.learn(warm)
        single = run(one, "1")
        print(f"1 task of 1 s             {single:6.2f} s   1.00 x")
        for label, pipeline in (("4 tasks side by side", four), ("8 iterations of 1 s", eight)):
            took = run(pipeline, "1")
            print(f"{label:25} {took:6.2f} s   {took / single:4.2f} x")
        bare = bench.processes(_CHAIN, side_by_side=False) / _CHAIN
        print(f"a task's process          {bare * 1000:6.0f} ms  1.00 x")
        pod = seconds_of(lambda: bench.pods(_CHAIN, side_by_side=False)) / _CHAIN
        print(f"a pod, one after another  {pod * 1000:6.0f} ms  {pod / bare:4.2f} x")
        task = run(chain, "0") / _CHAIN
        print(f"a task of a chain         {task * 1000:6.0f} ms  {task / bare:4.2f} x")
        many = seconds_of(lambda: bench.pods(runs, side_by_side=True))
        driven = run(one, "0", runs)
        inside = bench.processes(runs, side_by_side=True)
        print(f"{runs} processes at once    {inside:6.2f} s   {inside / many:4.2f} x")
        print(f"{runs} pods at once         {many:6.2f} s   1.00 x")
        print(f"{runs} runs at once         {driven:6.2f} s   {driven / many:4.2f} x")
        before = memory(cluster.pid)
        run(one, "0", runs)
        print(f"memory for each run       {(memory(cluster.pid) - before) / runs:6.2f} MiB")


if __name__ == "__main__":
    main()
