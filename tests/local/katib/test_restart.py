"""An experiment goes on where it was when a cluster with a data directory starts again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kubernetes import client, config

from pytest_kubeflow.local.cluster import LocalKubeflow
from tests.local.katib.conftest import Katib, experiment
from tests.local.webapps.conftest import eventually

TRIALS = 3


@contextmanager
def running(data: Path) -> Iterator[Katib]:
    with LocalKubeflow(data=data) as cluster:
        where = cluster.endpoints
        with config.new_client_from_config(str(where.kubeconfig)) as api:
            yield Katib(
                where,
                client.CoreV1Api(api),
                client.BatchV1Api(api),
                client.AppsV1Api(api),
                client.CustomObjectsApi(api),
                itertools.count(),
                where.namespace,
            )


def test_an_experiment_goes_on_after_a_restart(tmp_path: Path) -> None:
    script = "sleep 1; echo accuracy=0.${trialParameters.layers}"
    body = experiment(script, maxTrialCount=TRIALS, parallelTrialCount=1)
    # A pod that ends with its node fails, and the Job makes another one.
    body["spec"]["trialTemplate"]["trialSpec"]["spec"]["backoffLimit"] = 3
    with running(tmp_path) as katib:
        name = katib.create(body)
        eventually(lambda: katib.get(name).get("status", {}).get("trialsSucceeded") == 1)
        first = katib.get(name)["status"]["succeededTrialList"]
    with running(tmp_path) as katib:
        status = katib.ended(name)
        trials = {one["metadata"]["name"]: one for one in katib.trials(name)}
    assert [one["type"] for one in status["conditions"] if one["status"] == "True"] == [
        "Created",
        "Succeeded",
    ]
    assert len(status["succeededTrialList"]) == len(trials) == TRIALS
    assert set(first) < trials.keys()
    for trial in trials.values():
        (assigned,) = trial["spec"]["parameterAssignments"]
        found = {one["name"]: one["latest"] for one in trial["status"]["observation"]["metrics"]}
        assert found["accuracy"] == f"0.{assigned['value']}"
