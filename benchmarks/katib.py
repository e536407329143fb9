"""What Katib's controllers cost, over the Jobs that they run.

`python -m benchmarks.katib [TRIALS]`: on a warm embedded cluster, 12 trials of bare arithmetic, 3
at a time (bound: 8 s); then 200 (or TRIALS), 10 at a time, beside so many Jobs whose pods are the
same as those of trials, the metrics collector among them, and beside Jobs without one. Such Jobs
are run before the trials and after them, half of them each time, so that neither the speed of the
machine, which may change, nor the number of objects that are there speaks for one side. What a
trial takes more than such a Job is the controllers' own (bound: 15 ms). Exit code 1 if a bound is
missed, or if a trial has not observed what it should. The figures are those of the middle one of
three rounds, each on a cluster of its own.
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kubernetes import client, config, watch

from benchmarks.ended_jobs import ended_jobs
from benchmarks.processor import processor_seconds
from pytest_kubeflow.local.cluster import LocalKubeflow

_GROUP, _VERSION = "kubeflow.org", "v1beta1"
_WARM_BOUND, _TRIAL_BOUND = 8.0, 0.015
_ROUNDS = 3
_SCRIPT = "echo score=$(( ${trialParameters.x} * ${trialParameters.x} ))"
_IMAGE = "busybox"


def job(script: str) -> dict[str, Any]:
    """A Job that runs a shell script."""
    container = {"name": "main", "image": _IMAGE, "command": ["sh", "-c", script]}
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": pod}}}


def experiment(name: str, namespace: str, *, trials: int, parallel: int) -> dict[str, Any]:
    """Random search for the greatest square."""
    space = {"min": "1", "max": "1000"}
    return {
        "apiVersion": f"{_GROUP}/{_VERSION}",
        "kind": "Experiment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "objective": {"type": "maximize", "objectiveMetricName": "score"},
            "algorithm": {"algorithmName": "random"},
            "parallelTrialCount": parallel,
            "maxTrialCount": trials,
            "maxFailedTrialCount": 1,
            "parameters": [{"name": "x", "parameterType": "int", "feasibleSpace": space}],
            "trialTemplate": {
                "primaryContainerName": "main",
                "retain": True,
                "trialParameters": [{"name": "x", "reference": "x"}],
                "trialSpec": job(_SCRIPT),
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

    def experiment(self, name: str, *, trials: int, parallel: int) -> float:
        """Seconds from the request to the experiment's end."""
        body = experiment(name, self._namespace, trials=trials, parallel=parallel)
        began = time.perf_counter()
        self._custom.create_namespaced_custom_object(
            _GROUP, _VERSION, self._namespace, "experiments", body
        )
        stream = watch.Watch().stream(
            self._custom.list_namespaced_custom_object,
            _GROUP,
            _VERSION,
            self._namespace,
            "experiments",
            field_selector=f"metadata.name={name}",
            timeout_seconds=600,
        )
        for event in stream:
            conditions = (event["object"].get("status") or {}).get("conditions") or []
            if any(one["type"] in {"Succeeded", "Failed"} for one in conditions):
                break
        took = time.perf_counter() - began
        self._check(name, trials)
        return took

    def _check(self, name: str, trials: int) -> None:
        found = self.trials(name)
        assert len(found) == trials, f"{name}: {len(found)} trials"
        for trial in found:
            x = int(trial["spec"]["parameterAssignments"][0]["value"])
            (metric,) = trial["status"]["observation"]["metrics"]
            assert metric["latest"] == str(x * x), trial["status"]

    def trials(self, name: str) -> list[dict[str, Any]]:
        """Those of an experiment."""
        found: list[dict[str, Any]] = self._custom.list_namespaced_custom_object(
            _GROUP,
            _VERSION,
            self._namespace,
            "trials",
            label_selector=f"katib.kubeflow.org/experiment={name}",
        )["items"]
        return found

    def injected(self, trial: str) -> dict[str, Any]:
        """A Job with the pod of a trial, as Katib's webhook has made it."""
        selector = f"katib.kubeflow.org/trial={trial}"
        (pod,) = self._api.sanitize_for_serialization(
            self._core.list_namespaced_pod(self._namespace, label_selector=selector).items
        )
        made = job("")
        spec = made["spec"]["template"]["spec"]
        for container in pod["spec"]["containers"]:
            mounts = container.get("volumeMounts") or []
            container["volumeMounts"] = [one for one in mounts if one["name"] == "metrics-volume"]
        spec["containers"] = pod["spec"]["containers"]
        # A value that needs a label of a trial's pod.
        spec["containers"][0].pop("env", None)
        spec["volumes"] = [{"name": "metrics-volume", "emptyDir": {}}]
        spec["shareProcessNamespace"] = True
        return made

    def jobs(self, prefix: str, body: dict[str, Any], *, count: int, parallel: int) -> float:
        """Seconds for so many Jobs, of which so many run at once."""
        made = 0

        def make() -> None:
            nonlocal made
            one = copy.deepcopy(body)
            one["metadata"] = {"name": f"{prefix}-{made}", "labels": {"benchmark": prefix}}
            self._batch.create_namespaced_job(self._namespace, one)
            made += 1

        began = time.perf_counter()
        for _ in range(min(parallel, count)):
            make()
        ended = ended_jobs(self._batch, self._namespace, label_selector=f"benchmark={prefix}")
        for number, _ in enumerate(ended, start=1):
            if made < count:
                make()
            if number == count:
                break
        return time.perf_counter() - began


@dataclass(frozen=True)
class Round:
    """Seconds of one cluster: by the clock, and of the server's processor time."""

    warm: float
    took: dict[str, float]
    processor: dict[str, float]

    def of_jobs(self, figures: dict[str, float]) -> float:
        """Those of the Jobs with collectors."""
        return figures["before"] + figures["after"]

    @property
    def own(self) -> float:
        """What all trials took longer than their Jobs."""
        return self.took["trials"] - self.of_jobs(self.took)


def measure_round(count: int) -> Round:
    """On a cluster of its own."""
    with LocalKubeflow() as running:
        endpoints = running.endpoints
        assert running.pid is not None
        measured = Measured(str(endpoints.kubeconfig), endpoints.namespace)
        measured.experiment("first", trials=3, parallel=3)
        warm = measured.experiment("warm", trials=12, parallel=3)
        same = measured.injected(measured.trials("warm")[0]["metadata"]["name"])
        half = count // 2
        plan: dict[str, Callable[[], float]] = {
            "Jobs": lambda: measured.jobs("plain", job("echo score=1"), count=count, parallel=10),
            "before": lambda: measured.jobs("before", same, count=half, parallel=10),
            "trials": lambda: measured.experiment("many", trials=count, parallel=10),
            "after": lambda: measured.jobs("after", same, count=count - half, parallel=10),
        }
        took, processor = dict[str, float](), dict[str, float]()
        for name, measure in plan.items():
            began = processor_seconds(running.pid)
            took[name] = measure()
            processor[name] = processor_seconds(running.pid) - began
    return Round(warm, took, processor)


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rounds = [measure_round(count) for _ in range(_ROUNDS)]
    middle = sorted(rounds, key=lambda one: one.own)[_ROUNDS // 2]
    took, processor = middle.took, middle.processor
    jobs, jobs_processor = middle.of_jobs(took), middle.of_jobs(processor)
    own = middle.own / count
    own_processor = (processor["trials"] - jobs_processor) / count
    lines = [
        ("12 trials, 3 at a time", f"{middle.warm:6.2f} s (bound: {_WARM_BOUND:g} s)"),
        (f"{count} Jobs, 10 at a time", _seconds(took["Jobs"], processor["Jobs"])),
        ("the same with collectors", _seconds(jobs, jobs_processor)),
        (f"{count} trials, 10 at a time", _seconds(took["trials"], processor["trials"])),
        (
            "a trial over such a Job",
            f"{own * 1000:6.1f} ms (bound: {_TRIAL_BOUND * 1000:g} ms), "
            f"{own_processor * 1000:.1f} ms of the server; {took['trials'] / jobs:.2f} x a Job",
        ),
        ("in each round", "  ".join(f"{one.own / count * 1000:.1f} ms" for one in rounds)),
    ]
    for name, figures in lines:
        print(f"{name:<26} {figures}")
    sys.exit(0 if middle.warm <= _WARM_BOUND and own <= _TRIAL_BOUND else 1)


def _seconds(took: float, processor: float) -> str:
    return f"{took:6.2f} s, {processor:6.2f} s of the server"


if __name__ == "__main__":
    main()
