from typing import Any

import pytest

from pytest_kubeflow.local.kubelet.containers.status import ContainerStatus
from pytest_kubeflow.local.kubelet.pods.status import pod_status

State = dict[str, Any]


def running() -> State:
    return {"running": {"startedAt": "2026-01-01T00:00:00Z"}}


def ended(code: int) -> State:
    return {"terminated": {"exitCode": code}}


def waiting(reason: str = "ContainerCreating") -> State:
    return {"waiting": {"reason": reason}}


def container(state: State, *, last: State | None = None, **fields: Any) -> ContainerStatus:
    return ContainerStatus("c", "python", state=state, last_state=last or {}, **fields)


def status_of(
    main: list[ContainerStatus],
    init: list[ContainerStatus] | None = None,
    policy: str = "Never",
    **settings: Any,
) -> dict[str, Any]:
    pod = {
        "metadata": {"name": "p"},
        "spec": {"restartPolicy": policy, "containers": [{"name": "c"}]},
    }
    return pod_status(
        pod, init or [], main, started_at="2026-01-01T00:00:00Z", volumes_ready=True, **settings
    )


@pytest.mark.parametrize(
    ("policy", "states", "phase"),
    [
        ("Never", [waiting()], "Pending"),
        ("Never", [running()], "Running"),
        ("Never", [running(), ended(1)], "Running"),
        ("Never", [ended(0), ended(0)], "Succeeded"),
        ("Never", [ended(0), ended(1)], "Failed"),
        ("OnFailure", [ended(0)], "Succeeded"),
        ("OnFailure", [ended(1)], "Running"),
        ("Always", [ended(0)], "Running"),
        ("Never", [ended(0), waiting()], "Pending"),
    ],
)
def test_phase(policy: str, states: list[State], phase: str) -> None:
    assert status_of([container(state) for state in states], policy=policy)["phase"] == phase


def test_a_crash_looping_pod_is_running() -> None:
    looping = container(waiting("CrashLoopBackOff"), last=ended(1))
    assert status_of([looping], policy="Always")["phase"] == "Running"


@pytest.mark.parametrize(
    ("policy", "state", "phase"),
    [
        ("Never", ended(1), "Failed"),
        ("OnFailure", ended(1), "Pending"),
        ("Never", running(), "Pending"),
    ],
)
def test_phase_while_initializing(policy: str, state: State, phase: str) -> None:
    init, main = [container(state)], [container(waiting("PodInitializing"))]
    assert status_of(main, init, policy)["phase"] == phase


def test_a_stopped_pod_ends_whatever_its_restart_policy() -> None:
    assert status_of([container(ended(143))], policy="Always", stopped=True)["phase"] == "Failed"
    assert status_of([container(ended(0))], policy="Always", stopped=True)["phase"] == "Succeeded"


def test_failure_of_the_pod_itself() -> None:
    status = status_of([container(ended(0))], failure=("DeadlineExceeded", "too long"))
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")


def conditions(status: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    return {one["type"]: (one["status"], one.get("reason")) for one in status["conditions"]}


def test_conditions_of_a_ready_pod() -> None:
    found = conditions(status_of([container(running(), ready=True, started=True)]))
    assert found == {
        "PodReadyToStartContainers": ("True", None),
        "Initialized": ("True", None),
        "Ready": ("True", None),
        "ContainersReady": ("True", None),
        "PodScheduled": ("True", None),
    }


def test_conditions_of_a_completed_pod() -> None:
    found = conditions(status_of([container(ended(0))]))
    assert found["Ready"] == ("False", "PodCompleted")
    assert found["Initialized"] == ("True", "PodCompleted")


def test_transition_time_moves_only_with_the_status() -> None:
    first = status_of([container(running())])
    for condition in first["conditions"]:
        condition["lastTransitionTime"] = "2020-01-01T00:00:00Z"
    second = status_of([container(running(), ready=True)], previous=first["conditions"])
    times = {one["type"]: one["lastTransitionTime"] for one in second["conditions"]}
    assert times["PodScheduled"] == "2020-01-01T00:00:00Z"
    assert times["Ready"] != "2020-01-01T00:00:00Z"
