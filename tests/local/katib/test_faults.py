"""Each fault of Katib shows in what it is named after."""

from __future__ import annotations

from tests.local.katib.conftest import Fault, Katib
from tests.local.katib.test_experiments import value
from tests.local.webapps.conftest import eventually


def test_a_wrong_optimum(katib: Katib, fault: Fault) -> None:
    grid = {"min": "2", "max": "9", "step": "3"}
    with fault("katib-wrong-optimum"):
        name = katib.create(
            algorithm={"algorithmName": "grid"},
            parameters=[{"name": "num-layers", "parameterType": "int", "feasibleSpace": grid}],
        )
        optimum = katib.ended(name)["currentOptimalTrial"]
    assert optimum["parameterAssignments"] == [{"name": "num-layers", "value": "2"}]


def test_lost_metrics(katib: Katib, fault: Fault) -> None:
    with fault("katib-metrics-lost"):
        name = katib.create()
        status = katib.ended(name)
    assert status["trialMetricsUnavailable"] >= 2
    trial = katib.get(status["metricsUnavailableTrialList"][0], "trials")
    assert value(trial, "accuracy") == "unavailable"
    assert value(trial, "Train-accuracy") != "unavailable"


def test_ignored_parallelism(katib: Katib, fault: Fault) -> None:
    with fault("katib-parallel-ignored"):
        name = katib.create(
            script="sleep 2 ${trialParameters.layers}", maxTrialCount=5, parallelTrialCount=1
        )
        eventually(lambda: katib.get(name).get("status", {}).get("trialsRunning") == 5)
    katib.delete(name)


def test_an_ignored_space(katib: Katib, fault: Fault) -> None:
    with fault("katib-space-ignored"):
        name = katib.create()
        katib.ended(name)
    values = [one["spec"]["parameterAssignments"][0]["value"] for one in katib.trials(name)]
    assert all(int(one) > 9 for one in values)


def test_no_injection(katib: Katib, fault: Fault) -> None:
    with fault("katib-no-injection"):
        name = katib.create()
        eventually(lambda: katib.get(name).get("status", {}).get("trialsRunning") == 2)
        trial = katib.get(name)["status"]["runningTrialList"][0]

        def complete() -> bool:
            found = katib.batch.read_namespaced_job(trial, katib.namespace).status.conditions
            return any(one.type == "Complete" for one in found or [])

        eventually(complete)
        (pod,) = katib.pods_of_job(trial)
        assert [one.name for one in pod.spec.containers] == ["training-container"]
        assert katib.conditions(katib.get(trial, "trials"))[-1][:2] == ("Running", "True")
    katib.delete(name)
    eventually(lambda: katib.trials(name) == [])


def test_forgotten_trials(katib: Katib, fault: Fault) -> None:
    with fault("katib-trials-forgotten"):
        name = katib.create()
        status = katib.ended(name)
    assert status["trials"] == 3
    assert len(katib.trials(name)) == 4
