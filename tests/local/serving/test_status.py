"""Conditions and model status without a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kubeflow.local.serving.conditions import READY, Conditions
from pytest_kubeflow.local.serving.errors import InvalidSpecError
from pytest_kubeflow.local.serving.modelstatus import invalid_spec, model_status
from pytest_kubeflow.local.serving.runtimes import choose, model_of


def test_ready_adds_up() -> None:
    conditions = Conditions({})
    assert {one["type"]: one["status"] for one in conditions.listed} == {
        "IngressReady": "Unknown",
        "PredictorReady": "Unknown",
        "Ready": "Unknown",
    }
    conditions.set("PredictorReady", "True")
    assert conditions.status(READY) == "Unknown"
    conditions.set("IngressReady", "True")
    assert conditions.holds(READY)
    conditions.set("RoutesReady", "False", "RevisionMissing")
    assert conditions.holds(READY)
    conditions.set("PredictorReady", "False", "Broken", "it broke")
    assert conditions.reason(READY) == ("Broken", "it broke")
    assert conditions.status(READY) == "False"
    assert conditions.failed() == ["PredictorReady", "RoutesReady"]


def test_a_condition_that_has_not_changed_keeps_its_time() -> None:
    found = [
        {"type": kind, "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
        for kind in ("IngressReady", "PredictorReady", "Ready")
    ]
    conditions = Conditions({"conditions": found})
    conditions.set("PredictorReady", "True")
    assert conditions.listed == found
    conditions.set("PredictorReady", "True", "NewReplicaSetAvailable")
    assert [one["lastTransitionTime"] for one in conditions.listed].count(
        "2020-01-01T00:00:00Z"
    ) == 2


def pod(
    init: Any = None, main: Any = None, *, ready: bool = False, created: str = "2020"
) -> dict[str, Any]:
    status: dict[str, Any] = {
        "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]
    }
    if init is not None:
        status["initContainerStatuses"] = [{"name": "storage-initializer", **init}]
    if main is not None:
        status["containerStatuses"] = [{"name": "kserve-container", **main}]
    return {"metadata": {"name": "p", "creationTimestamp": created}, "status": status}


DONE = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
WAITING = {"state": {"waiting": {"reason": "PodInitializing"}}}
FAILED = {"state": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no model"}}}
LOOPING = {
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}},
}
RUNNING: dict[str, Any] = {"state": {"running": {}}}


@pytest.mark.parametrize(
    ("pods", "ready", "states", "transition"),
    [
        ([], False, ("", "Pending"), "InProgress"),
        ([pod(RUNNING, WAITING)], False, ("", "Loading"), "InProgress"),
        ([pod(DONE, RUNNING)], False, ("", "Pending"), "InProgress"),
        ([pod(DONE, RUNNING, ready=True)], True, ("Loaded", "Loaded"), "UpToDate"),
        ([pod(FAILED, WAITING)], False, ("", "FailedToLoad"), "BlockedByFailedLoad"),
        ([pod(DONE, LOOPING)], False, ("", "FailedToLoad"), "BlockedByFailedLoad"),
        (
            [pod(DONE, RUNNING, ready=True), pod(FAILED, WAITING, created="2021")],
            True,
            ("", "FailedToLoad"),
            "BlockedByFailedLoad",
        ),
    ],
)
def test_states_of_a_model(
    pods: list[Any], ready: bool, states: tuple[str, str], transition: str
) -> None:
    status = model_status({"transitionStatus": ""}, pods, ready=ready, broken=False)
    assert status["transitionStatus"] == transition
    assert tuple(status["states"].values()) == states
    assert status["copies"]["totalCopies"] == sum(
        one["status"]["conditions"][0]["status"] == "True" for one in pods
    )


def test_why_it_failed() -> None:
    fetching = model_status({}, [pod(FAILED, WAITING)], ready=False, broken=False)
    assert fetching["lastFailureInfo"] == {
        "reason": "ModelLoadFailed",
        "exitCode": 1,
        "message": "no model",
    }
    killed = model_status({}, [pod(DONE, LOOPING)], ready=False, broken=False)
    assert killed["lastFailureInfo"] == {"reason": "ModelLoadFailed", "exitCode": 137}
    again = pod({**RUNNING, "lastState": FAILED["state"]}, WAITING)
    assert model_status(fetching, [again], ready=False, broken=False) == fetching
    assert invalid_spec({}, "RuntimeDisabled", "off")["states"] == {
        "activeModelState": "",
        "targetModelState": "FailedToLoad",
    }


def runtime(name: str, **spec: Any) -> dict[str, Any]:
    formats = spec.pop("formats", [{"name": "sklearn", "version": "1", "autoSelect": True}])
    return {
        "metadata": {"name": name},
        "spec": {"supportedModelFormats": formats, "protocolVersions": ["v1", "v2"], **spec},
    }


SKLEARN = {"modelFormat": {"name": "sklearn"}}


def test_the_runtime_of_the_namespace_comes_first_then_the_higher_priority() -> None:
    low = runtime("a", formats=[{"name": "sklearn", "autoSelect": True, "priority": 1}])
    high = runtime("b", formats=[{"name": "sklearn", "autoSelect": True, "priority": 2}])
    assert choose(SKLEARN, [], [low, high]).name == "b"
    assert choose(SKLEARN, [low], [high]).name == "a"


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ({"modelFormat": {"name": "onnx"}}, "NoSupportingRuntime"),
        ({"modelFormat": {"name": "sklearn", "version": "9"}}, "NoSupportingRuntime"),
        ({**SKLEARN, "runtime": "absent"}, "RuntimeNotRecognized"),
        ({**SKLEARN, "runtime": "off"}, "RuntimeDisabled"),
        ({**SKLEARN, "runtime": "on", "protocolVersion": "grpc-v2"}, "NoSupportingRuntime"),
    ],
)
def test_no_runtime_fits(model: dict[str, Any], reason: str) -> None:
    runtimes = [runtime("on"), runtime("off", disabled=True)]
    assert choose({**SKLEARN, "runtime": "on"}, [], runtimes).name == "on"
    with pytest.raises(InvalidSpecError) as caught:
        choose(model, [], runtimes)
    assert caught.value.reason == reason


def test_both_spellings_of_a_model() -> None:
    assert model_of({"model": SKLEARN}) == SKLEARN
    assert model_of({"sklearn": {"storageUri": "s3://b"}}) == {**SKLEARN, "storageUri": "s3://b"}
    assert model_of({"containers": [{}]}) is None
