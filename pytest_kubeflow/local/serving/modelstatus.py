"""`modelStatus`: what became of the model, read off the predictor's pods.

Rules: kserve/kserve pkg/apis/serving/v1beta1/inference_service_status.go (PropagateModelStatus).
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_kubeflow.local.controllers.podstate import is_ready
from pytest_kubeflow.local.kube.client import Object
from pytest_kubeflow.local.kube.informer import key_of
from pytest_kubeflow.local.serving.names import CONTAINER, INITIALIZER

_TRANSITIONS = {
    "Pending": "InProgress",
    "Loading": "InProgress",
    "Loaded": "UpToDate",
    "FailedToLoad": "BlockedByFailedLoad",
}


def invalid_spec(before: Object, reason: str, message: str) -> Object:
    """The model status of a spec that cannot be served."""
    return {
        **before,
        "transitionStatus": "InvalidSpec",
        "states": {
            "activeModelState": "",
            **(before.get("states") or {}),
            **_target("FailedToLoad"),
        },
        "lastFailureInfo": {"reason": reason, "message": message},
    }


def model_status(before: Object, pods: Sequence[Object], *, ready: bool, broken: bool) -> Object:
    """The model status that follows from the newest of `pods`.

    `ready`: the InferenceService is, with the newest revision. `broken`: there are no pods because
    something failed, not because nothing has begun.
    """
    status = {**before, "copies": {"failedCopies": 0, "totalCopies": sum(map(is_ready, pods))}}
    if not pods:
        return _moved(status, "FailedToLoad" if broken else "Pending")
    newest = max(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], key_of(pod)))
    found = newest.get("status") or {}
    for one in found.get("initContainerStatuses") or []:
        if one["name"] != INITIALIZER:
            continue
        if (failure := _failure(one)) is not None:
            return _moved(status, "FailedToLoad", failure)
        if "running" in one["state"]:
            # After a failure it is not known whether this attempt goes any better.
            again = "terminated" in (one.get("lastState") or {})
            return before if again else _moved(status, "Loading")
    if ready:
        return _moved(status, "Loaded")
    for one in found.get("containerStatuses") or []:
        if one["name"] == CONTAINER:
            failure = _failure(one)
            return _moved(status, "FailedToLoad" if failure else "Pending", failure)
    return status


def _failure(container: Object) -> Object | None:
    """Why a container has failed, if it has: it ended with an error, or keeps doing so."""
    state = container["state"]
    ended = state.get("terminated") or {}
    if (state.get("waiting") or {}).get("reason") == "CrashLoopBackOff":
        ended = (container.get("lastState") or {}).get("terminated") or {}
    elif ended.get("reason") != "Error":
        return None
    info = {"reason": "ModelLoadFailed", "exitCode": ended.get("exitCode", 0)}
    return {**info, "message": ended["message"]} if ended.get("message") else info


def _target(state: str) -> Object:
    return {"targetModelState": state}


def _moved(status: Object, state: str, failure: Object | None = None) -> Object:
    states = {"activeModelState": "", **(status.get("states") or {}), **_target(state)}
    if state == "Loaded":
        states["activeModelState"] = "Loaded"
    moved = {**status, "states": states, "transitionStatus": _TRANSITIONS[state]}
    return {**moved, "lastFailureInfo": failure} if failure is not None else moved
